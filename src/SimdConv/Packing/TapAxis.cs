namespace SimdConv.Packing;

/// <summary>
/// One axis of a <see cref="TapGrid"/>: positions that are neighbours in the source and see the same taps. Grids that differ in
/// their other axis share it.
/// </summary>
internal sealed class TapAxis
{
    /// <summary>Positions of a phase.</summary>
    public required int Count { get; init; }

    /// <summary>Pixels of the source.</summary>
    public required int Size { get; init; }

    /// <summary>From one position to the next, in the source.</summary>
    public required int Stride { get; init; }

    /// <summary>The first position in the target.</summary>
    public int Origin { get; init; }

    /// <summary>From one position to the next, in the target.</summary>
    public int Step { get; init; } = 1;

    /// <summary>For each tap, ascending in source pixels: its place in the kernel, and its offset in source pixels.</summary>
    public required (int Kernel, int Offset)[] Taps { get; init; }

    /// <summary>
    /// The phases that the axis stands for: where the first position of each lies below Origin, and how much its taps are further
    /// down the kernel than <see cref="Taps"/>.
    /// </summary>
    public (int Origin, int Kernel)[] Phases { get; init; } = [(0, 0)];

    /// <summary>The taps by what they are modulo the stride.</summary>
    public StripLayout.Axis Split => field ??= new(Taps, Stride);

    /// <summary>All runs of positions that see the same taps.</summary>
    public TapGrid.RowRun[] Runs => field ??= MakeRuns();

    /// <summary>
    /// The taps [First, Last) that see a pixel of the source from one of the positions from <paramref name="first"/> to
    /// <paramref name="last"/>.
    /// </summary>
    public (int First, int Last) Seen(int first, int last) => Seen(Taps, (long)first * Stride, (long)last * Stride, Size);

    /// <summary>
    /// The taps that see a pixel of the source from one of the pixels from <paramref name="first"/> to <paramref name="last"/>.
    /// </summary>
    public static (int First, int Last) Seen((int Kernel, int Offset)[] taps, long first, long last, int size)
    {
        int from = FirstFrom(-last), to = FirstFrom(size - first);
        return (from, to);

        // Taps ascend in their offsets.
        int FirstFrom(long offset)
        {
            int low = 0, high = taps.Length;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (taps[middle].Offset < offset)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low;
        }
    }

    /// <summary>One axis with all taps of some that read the same source.</summary>
    public static TapAxis Hull(TapAxis[] axes) => axes.Length == 1 ? axes[0] : new()
    {
        Count = axes.Max(axis => axis.Count),
        Size = axes[0].Size,
        Stride = axes[0].Stride,
        Taps = [.. axes.SelectMany(axis => axis.Taps).Distinct()],
    };

    private TapGrid.RowRun[] MakeRuns()
    {
        List<TapGrid.RowRun> runs = [];
        for (int first = 0, last; first < Count; first = last)
        {
            (int from, int to) = Seen(first, first);
            for (last = first + 1; last < Count && Seen(last, last) == (from, to); last++)
            {
            }

            runs.Add(new(first, last, from, to));
        }

        return [.. runs];
    }
}
