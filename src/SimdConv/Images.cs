using SimdConv.Loops;

namespace SimdConv;

/// <summary>Batches of images as memory: from one layout to another.</summary>
public static unsafe class Images
{
    /// <summary>
    /// Copies a batch of images from one layout to another: NCHW, NHWC, CHWN or any strides. Lanes cross over in registers, in
    /// blocks that stay in the caches.
    /// </summary>
    /// <param name="batch">Images; 0 is valid. May be fewer than a layout with images innermost has room for.</param>
    /// <param name="channels">Channels of an image, 1 or more.</param>
    /// <param name="height">Rows of an image, 1 or more.</param>
    /// <param name="width">Columns of an image, 1 or more.</param>
    /// <param name="source">batch x channels x height x width elements, laid out as <paramref name="from"/> says.</param>
    /// <param name="from">Strides of the source, 0 or more: channels, rows and pixels may repeat.</param>
    /// <param name="target">As many elements, laid out as <paramref name="to"/> says; overwritten, gaps left alone; shares no
    /// element with the source.</param>
    /// <param name="to">Strides of the target, by which each element of the batch has a place of its own.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative, a size is below 1 or their product above what an
    /// array holds, a stride is negative, or elements of the target share a place.</exception>
    /// <exception cref="ArgumentException">A span is too short or overlaps, or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Copy<T>(
        int batch, int channels, int height, int width, ReadOnlySpan<T> source, ImageLayout from, Span<T> target, ImageLayout to,
        Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ArgumentErrors.RequireAtLeast(channels, 1, nameof(channels));
        ArgumentErrors.RequireAtLeast(height, 1, nameof(height));
        ArgumentErrors.RequireAtLeast(width, 1, nameof(width));
        if ((Int128)channels * height * width > Array.MaxLength)
            Shapes.RequireCountable(nameof(channels), channels, channels, height, width);
        ImageStrides sources = new(from, channels, height, width, nameof(from)),
            targets = new(to, channels, height, width, nameof(to));
        ArgumentErrors.RequireBatch(source, sources.Length(batch, nameof(from)), batch);
        ArgumentErrors.RequireBatch((ReadOnlySpan<T>)target, targets.Length(batch, nameof(to)), batch, nameof(target));
        targets.RequireDistinct(batch, nameof(to));
        fixed (T* ps = source, pt = target)
        {
            if (targets.Elements(pt, batch).Intersects(sources.Elements(ps, batch)))
                throw ArgumentErrors.Overlap(nameof(target), nameof(source));
            if (Telemetry.IsOn && Telemetry.Count<T>(Operation.ImageCopy, tier))
                Telemetry.Tell<T>(Operation.ImageCopy, tier, $"{batch} x {channels} x {height} x {width}", $"{from} to {to}");
            if (batch == 0)
                return;
            CopyProblem<T> problem = new(ps, sources.Of(batch), pt, targets.Of(batch), batch, channels, height, width);
            TierLoops<T>.For(tier).Copy(in problem, in execution);
        }
    }
}
