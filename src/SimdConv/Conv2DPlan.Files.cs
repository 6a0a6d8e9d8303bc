using SimdConv.Loops;

namespace SimdConv;

/// <content>Filters in files.</content>
public sealed unsafe partial class Conv2DPlan<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Takes a filter from a file. Its panels stay where they are, if they are for the tier and are laid out as this plan's in
    /// this process: then nothing is packed, and processes that map the file share them. Else the weights that the file may have
    /// too are packed. The file's filter may have been packed by a plan of other image sizes, strides or padding: where that
    /// makes no difference to the panels they serve this plan as well.
    /// </summary>
    /// <param name="file">The file; it has to stay open as long as the filter is used.</param>
    /// <param name="index">The filter's number among all that is in the file.</param>
    /// <param name="use">The passes that it is for.</param>
    /// <param name="tier">The tier; null for <see cref="SimdSupport.Best"/>.</param>
    /// <exception cref="ArgumentNullException">There is no file.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The file has nothing of that number, or no pass is named.</exception>
    /// <exception cref="ArgumentException">The file has a matrix there, elements of another type or weights of other sizes, or
    /// the tier is not available.</exception>
    /// <exception cref="NotSupportedException">The filter is packed for another tier, pass or CPU, and the file doesn't have its
    /// weights.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed of.</exception>
    public PackedFilter<T> Load(PackedFile file, int index, FilterUse use = FilterUse.Forward, SimdTier? tier = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        SimdTier resolved = SimdSupport.Resolve(tier);
        RequireUse(use);
        using FileHold hold = new(file);
        PackedRecord record = file.Record(index, RecordKind.Filter, sizeof(T));
        if (!record.Sizes.SequenceEqual(WeightSizes))
            throw new ArgumentException($"file has weights of {string.Join(" x ", record.Sizes.ToArray())} at {index}; expected "
                + $"{string.Join(" x ", WeightSizes)}, K x C/Groups x R x S x Groups of {Shape}.", nameof(file));
        TierState state = tiers.Of(resolved);
        if (record.Tier == resolved && (use & (FilterUse)record.Use) == use
            && TryFind(record, resolved, PassFor(use, ConvDirection.Forward, state), 0, out PackedPanels<T> forward)
            && TryFind(record, resolved, PassFor(use, ConvDirection.InputGradient, state), 1, out PackedPanels<T> inputGradient))
            return new(this, resolved, use, forward, inputGradient, file);
        PackedRecord.Part raw = record[PackedRecord.RawPart];
        if (raw.Bytes != (long)Shape.WeightCount * sizeof(T))
            throw PackedRecords.NotForThis(record, resolved, index);
        return Pack(new((T*)raw.Address, Shape.WeightCount), use, resolved);
    }

    /// <summary>See <see cref="PackedFilter{T}.Save"/>.</summary>
    internal void Save(PackedFilter<T> filter, Stream destination, ReadOnlySpan<T> weights)
    {
        if (!weights.IsEmpty)
            RequireWeights(weights, nameof(weights));
        TierState state = tiers.Of(filter.Tier);
        int[][] layouts = new int[PackedRecord.Layouts][];
        Span<PackedRecord.Part> parts = stackalloc PackedRecord.Part[PackedRecord.PartCount];
        RecordHeader header = new()
        {
            Kind = RecordKind.Filter,
            ElementBytes = sizeof(T),
            Tier = filter.Tier,
            Use = (int)filter.Use,
        };
        WeightSizes.CopyTo(header.Sizes);
        for (int i = 0; i < PackedRecord.Layouts; i++)
        {
            (AlignedArray<T> panels, TapMarks? marks) = i == 0 ? filter.Forward : filter.InputGradient;
            ConvDirection direction = i == 0 ? ConvDirection.Forward : ConvDirection.InputGradient;
            layouts[i] = Layout(PassFor(filter.Use, direction, state), filter.Tier);
            parts[i] = PackedRecord.Part.Of(panels);
            parts[PackedRecord.MarksPart + i] = marks is { IsAny: true } ? new((nint)marks.First, marks.Marks.Length) : default;
        }

        fixed (T* raw = weights)
        {
            parts[PackedRecord.RawPart] = new((nint)raw, weights.IsEmpty ? 0 : (long)Shape.WeightCount * sizeof(T));
            PackedRecords.Save(destination, filter.File, header, layouts, parts);
        }

        GC.KeepAlive(filter);
    }

    /// <summary>What <see cref="PackedRecord.Sizes"/> has of the weights.</summary>
    private int[] WeightSizes => [Shape.K, Shape.GroupChannels, Shape.R, Shape.S, Shape.Groups];

    /// <summary>The panels of a pass in a file; false where they aren't laid out as the pass reads them.</summary>
    private static bool TryFind(PackedRecord record, SimdTier tier, ConvPass<T>? pass, int number, out PackedPanels<T> panels)
    {
        panels = default;
        if (pass == null)
            return true;
        PackedRecord.Part elements = record[number], marks = record[PackedRecord.MarksPart + number];
        long markCount = pass.Padding?.MarkCount ?? 0;
        if (!record.Layout(number).SequenceEqual(Layout(pass, tier)) || elements.Bytes != pass.FilterSize * sizeof(T)
            || (marks.Bytes != 0 && marks.Bytes != markCount))
            return false;
        TapMarks? found = pass.Padding == null ? null : new(markCount) { IsAny = marks.Bytes != 0 };
        new ReadOnlySpan<byte>((byte*)marks.Address, (int)marks.Bytes).CopyTo(found == null ? default : found.Marks);
        panels = new(new((T*)elements.Address, pass.FilterSize), found);
        return true;
    }

    /// <summary>What the panels of a pass depend on beside the weights; empty where there is no pass.</summary>
    private static int[] Layout(ConvPass<T>? pass, SimdTier tier)
    {
        if (pass == null)
            return [];
        List<int> layout = PackedRecords.NewLayout(tier);
        pass.AddLayout(layout);
        return [.. layout];
    }

    /// <summary>A pass that filters for some use serve; null for one that they don't.</summary>
    private ConvPass<T>? PassFor(FilterUse use, ConvDirection direction, TierState state) =>
        (use & UseOf(direction)) == 0 ? null : direction == ConvDirection.Forward ? state.Forward : state.InputGradient;
}
