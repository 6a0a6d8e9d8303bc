using SimdConv.Loops;

namespace SimdConv;

/// <summary>Images to columns: each window of an image as one column of a matrix, zeros where it hangs over.</summary>
public static class Im2Col
{
    /// <summary>Writes the columns of a batch of images.</summary>
    /// <param name="table">The geometry.</param>
    /// <param name="batch">Images; 0 is valid.</param>
    /// <param name="x">N x C x H x W, contiguous.</param>
    /// <param name="columns">The columns; elements between their rows are not touched; shares no element with x.</param>
    /// <param name="layout">Where each element of the columns lies.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The batch or a stride is negative, or elements of the columns share a
    /// place.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Unfold<T>(
        IndexTable table, int batch, ReadOnlySpan<T> x, Span<T> columns, ColumnLayout layout, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run(table, batch, x, nameof(x), columns, nameof(columns), layout, fold: false, execution);

    /// <summary>Both directions: they validate and run alike.</summary>
    internal static unsafe void Run<T>(
        IndexTable table, int batch, ReadOnlySpan<T> source, string sourceArgument, Span<T> target, string targetArgument,
        ColumnLayout layout, bool fold, Execution execution)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        ArgumentNullException.ThrowIfNull(table);
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ImageLayout image = ImageLayout.Nchw(table.Shape.C, table.Shape.H, table.Shape.W);
        long pixels = (long)batch * image.N, elements = Span(table, batch, layout);
        ArgumentErrors.RequireBatch(source, fold ? elements : pixels, batch, sourceArgument);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)target, fold ? pixels : elements, batch, targetArgument);
        if (!fold && !StridedSums.AreDistinct((layout.ImageStride, batch), (layout.Ld, table.Rows), (1, table.Columns)))
        {
            throw ArgumentErrors.OutOfRange(nameof(layout), layout,
                $"strides that give every element of the columns of a batch of {batch} a place of its own");
        }

        layout = new(table.Rows > 1 ? layout.Ld : table.Columns, batch > 1 ? layout.ImageStride : 0);
        fixed (T* ps = source, pt = target)
        {
            T* px = fold ? pt : ps, pc = fold ? ps : pt;
            ElementSet<T> images = new(px, (1, (nint)pixels)),
                columns = new(pc, (layout.ImageStride, batch), (layout.Ld, table.Rows), (1, table.Columns));
            if (images.Intersects(columns))
                throw ArgumentErrors.Overlap(targetArgument, sourceArgument);
            ColumnPass<T> pass = table.Pass<T>(tier);
            Operation operation = fold ? Operation.Col2Im : Operation.Im2Col;
            if (Telemetry.IsOn && Telemetry.Count<T>(operation, tier))
                Telemetry.Tell<T>(operation, tier, $"{batch} of {table.Shape}", pass);
            ColumnProblem<T> problem = new()
            {
                Batch = batch,
                X = px,
                Columns = pc,
                Layout = layout,
                Image = image,
                Fold = fold,
            };
            pass.Run(problem, execution);
        }
    }

    /// <summary>
    /// Elements from the first of the columns to the last one, both included, but at most 2^63 - 1. Strides of one row, or image,
    /// don't matter.
    /// </summary>
    private static long Span(IndexTable table, int batch, ColumnLayout layout)
    {
        if ((table.Rows > 1 && layout.Ld < 0) || (batch > 1 && layout.ImageStride < 0))
            throw ArgumentErrors.OutOfRange(nameof(layout), layout, "strides of 0 or more");
        Int128 last = ((batch - 1) * (Int128)layout.ImageStride) + ((table.Rows - 1) * (Int128)layout.Ld) + table.Columns;
        return batch == 0 ? 0 : (long)Int128.Min(last, long.MaxValue);
    }
}
