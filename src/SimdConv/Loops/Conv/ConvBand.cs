using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>Rows [First, Last) of a grid with the rows of taps that they see, and the weights packed for these taps.</summary>
internal sealed class ConvBand
{
    private readonly ConvStrategy strategy;
    private readonly TapGrid.RowRun rows;

    public ConvBand(ConvStrategy strategy, int index, TapGrid.RowRun rows, long filterStart)
    {
        this.strategy = strategy;
        this.rows = rows;
        Index = index;
        Taps = strategy.Grid.TapsOf(rows);
        FilterSize = (long)strategy.PackedOutputs * strategy.Channels * Taps;
        FilterStart = filterStart;
    }

    /// <summary>
    /// Rows [First, Last) of a band: they see <paramref name="Taps"/> of its taps in a channel, from <paramref name="FirstTerm"/>
    /// on.
    /// </summary>
    public readonly record struct Slice(int First, int Last, int FirstTerm, int Taps);

    /// <summary>
    /// The runs of rows that see the same rows of taps and share the band's weights; one, with all taps, where tiles can't pass
    /// over taps.
    /// </summary>
    public Slice[] Slices => field ??= MakeSlices();

    /// <summary>Its number among the bands of the grid.</summary>
    public int Index { get; }

    public int First => rows.First;

    public int Last => rows.Last;

    public int FirstTap => rows.FirstTap;

    public int LastTap => rows.LastTap;

    /// <summary>Taps of one channel.</summary>
    public int Taps { get; }

    /// <summary>Elements of the packed panels of one group.</summary>
    public long FilterSize { get; }

    /// <summary>Where the panels begin among those of the group.</summary>
    public long FilterStart { get; }

    /// <summary>The offset in the strip of each term (c, r, s) of a block, made when first asked for.</summary>
    public int[] Offsets => field ??= MakeOffsets();

    /// <inheritdoc cref="TapGrid.RowRun.Within"/>
    public (int First, int Last) Within(int row, int count) => rows.Within(row, count);

    /// <summary>The first of <see cref="Slices"/> that ends behind a row.</summary>
    public int FirstSlice(int row)
    {
        int low = 0, high = Slices.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Slices[middle].Last <= row)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>Where the panel of a block of channels begins among the packed weights of the group.</summary>
    public long FilterOffset(int block, int panel)
    {
        int first = block * strategy.ChannelBlock, count = Math.Min(strategy.ChannelBlock, strategy.Channels - first);
        return FilterStart + ((long)strategy.PackedOutputs * first * Taps) + ((long)strategy.Panels.Start(panel) * count * Taps);
    }

    private Slice[] MakeSlices()
    {
        if (!strategy.PassesOverTaps)
            return [new(First, Last, 0, Taps)];
        TapGrid.RowRun[] all = strategy.Grid.Slices;
        int width = strategy.Grid.Columns.Length, first = 0, count = 0;
        while (all[first].First < First)
            first++;
        while (first + count < all.Length && all[first + count].Last <= Last)
            count++;
        Slice[] slices = new Slice[count];
        for (int i = 0; i < count; i++)
        {
            TapGrid.RowRun slice = all[first + i];
            slices[i] = new(slice.First, slice.Last, (slice.FirstTap - FirstTap) * width, strategy.Grid.TapsOf(slice));
        }

        return slices;
    }

    private int[] MakeOffsets()
    {
        int[] all = strategy.Layout.Offsets;
        int taps = strategy.Grid.Taps, first = FirstTap * strategy.Grid.Columns.Length;
        if (Taps == taps)
            return all;
        int[] offsets = new int[Taps * strategy.ChannelBlock];
        for (int c = 0; c < strategy.ChannelBlock; c++)
            Array.Copy(all, (c * taps) + first, offsets, c * Taps, Taps);
        return offsets;
    }
}
