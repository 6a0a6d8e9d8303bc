namespace SimdConv.Core;

/// <summary>
/// The images of one side of a plan, its input or its output: sizes, strides, and the checks of the strides that need the batch
/// size.
/// </summary>
internal sealed unsafe class PlanImages
{
    private readonly ImageLayout given, normal;
    private readonly int channels, height, width;

    /// <summary>How far the last element of an image is from the first.</summary>
    private readonly Int128 reach;

    /// <summary>
    /// The largest batch that has been found to have no two elements at one address. Several threads may find that at the same
    /// time.
    /// </summary>
    private int distinct;

    /// <param name="layout">The strides that the caller gave.</param>
    /// <param name="channels">Channels of an image, at least one.</param>
    /// <param name="height">Rows of a channel, at least one.</param>
    /// <param name="width">Pixels of a row, at least one.</param>
    /// <param name="argument">What the caller calls the layout.</param>
    /// <param name="isOutput">Whether an image with two elements at one address is refused here already, rather than when the
    /// images are written.</param>
    public PlanImages(ImageLayout layout, int channels, int height, int width, string argument, bool isOutput)
    {
        (given, this.channels, this.height, this.width) = (layout, channels, height, width);
        normal = Normalized();
        if (normal.C < 0 || normal.H < 0 || normal.W < 0)
            throw ArgumentErrors.OutOfRange(argument, layout, "strides of 0 or more");
        reach = ((channels - 1) * (Int128)normal.C) + ((height - 1) * (Int128)normal.H) + ((width - 1) * (Int128)normal.W);
        if (isOutput && !AreDistinct(1))
            throw ArgumentErrors.OutOfRange(argument, layout, "strides that give every element of the output a place of its own");
    }

    /// <summary>
    /// The strides of a plan's tables. No element's address depends on the stride of a dimension of size 1, which a caller may
    /// leave at anything: here it is that of a contiguous image. The stride of images is open until the batch is known.
    /// </summary>
    public ImageLayout Layout => Of(1);

    /// <summary>The strides of a call: a batch of one image has no stride either.</summary>
    public ImageLayout Of(int batch) => batch > 1 ? normal : normal with { N = Behind(normal.C, channels) };

    /// <summary>
    /// The number of elements from the first to the last one of a batch, both included, but at most 2^63 - 1; 0 without images.
    /// </summary>
    /// <param name="batch">Images, at least none.</param>
    /// <param name="argument">What the caller calls the layout.</param>
    public long Length(int batch, string argument) => (long)Int128.Min(Span(batch, argument), long.MaxValue);

    /// <summary>The same; a length beyond that is an <see cref="OverflowException"/>.</summary>
    public long ExactLength(int batch, string argument)
    {
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        return checked((long)Span(batch, argument));
    }

    /// <summary>
    /// Refuses strides that put two elements of a batch at one address, which an output may not have. The batch fits in a span.
    /// </summary>
    public void RequireDistinct(int batch, string argument)
    {
        if (batch <= distinct)
            return;
        if (!AreDistinct(batch))
        {
            throw ArgumentErrors.OutOfRange(argument, given,
                $"strides that give every element of a batch of {batch} a place of its own");
        }

        distinct = normal.N > reach ? int.MaxValue : batch;
    }

    public ElementSet<T> Elements<T>(T* data, int batch)
        where T : unmanaged =>
        new(data, (normal.N, batch), (normal.C, channels), (normal.H, height), (normal.W, width));

    private Int128 Span(int batch, string argument)
    {
        if (batch == 0)
            return 0;
        if (batch > 1 && normal.N < 0)
            throw ArgumentErrors.OutOfRange(argument, given, $"strides of 0 or more in a batch of {batch}");
        return batch == 1 ? reach + 1 : reach + 1 + ((batch - 1) * (Int128)normal.N);
    }

    /// <summary>
    /// Batches longer than what can be decided count as distinct: no span is as long, so they are refused for their length.
    /// </summary>
    private bool AreDistinct(int batch) =>
        reach > StridedSums.Largest
        || StridedSums.AreDistinct((normal.N, batch), (normal.C, channels), (normal.H, height), (normal.W, width));

    private ImageLayout Normalized()
    {
        nint w = width > 1 ? given.W : given.C == 1 ? channels : 1, h = height > 1 ? given.H : Behind(w, width);
        return new(given.N, channels > 1 ? given.C : Behind(h, height), h, w);
    }

    /// <summary>
    /// The stride that puts the next element behind <paramref name="count"/> of the given stride, or the largest that there is.
    /// </summary>
    private static nint Behind(nint stride, int count) => (nint)Int128.Clamp((Int128)stride * count, 1, nint.MaxValue);
}
