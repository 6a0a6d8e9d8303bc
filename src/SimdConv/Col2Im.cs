namespace SimdConv;

/// <summary>
/// Columns to images, the adjoint of <see cref="Im2Col"/>: each pixel is the sum of the elements that were taken from it.
/// </summary>
public static class Col2Im
{
    /// <summary>Sums the columns of a batch into images, which are overwritten; terms of a pixel ascend in (r, s).</summary>
    /// <param name="table">The geometry.</param>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="layout">Where each element of the columns lies; images or rows may share places.</param>
    /// <param name="x">N x C x H x W, contiguous; shares no element with the columns.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch or a stride is negative.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Fold<T>(
        IndexTable table, int batch, ReadOnlySpan<T> columns, ColumnLayout layout, Span<T> x, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Im2Col.Run(table, batch, columns, nameof(columns), x, nameof(x), layout, fold: true, execution);
}
