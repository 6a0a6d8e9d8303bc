namespace SimdConv.Core;

/// <summary>The sizes and strides of some images, and the checks of them that need the batch size.</summary>
internal readonly unsafe struct ImageStrides
{
    private readonly ImageLayout given, normal;
    private readonly int channels, height, width;

    /// <summary>How far the last element of an image is from the first.</summary>
    private readonly Int128 reach;

    /// <param name="layout">The strides that the caller gave.</param>
    /// <param name="channels">Channels of an image, at least one.</param>
    /// <param name="height">Rows of a channel, at least one.</param>
    /// <param name="width">Pixels of a row, at least one.</param>
    /// <param name="argument">What the caller calls the layout.</param>
    public ImageStrides(ImageLayout layout, int channels, int height, int width, string argument)
    {
        (given, this.channels, this.height, this.width) = (layout, channels, height, width);
        normal = Normalized();
        if (normal.C < 0 || normal.H < 0 || normal.W < 0)
            throw ArgumentErrors.OutOfRange(argument, layout, "strides of 0 or more");
        reach = ((channels - 1) * (Int128)normal.C) + ((height - 1) * (Int128)normal.H) + ((width - 1) * (Int128)normal.W);
    }

    /// <summary>The strides of a call: a batch of one image has no stride either.</summary>
    public ImageLayout Of(int batch) => batch > 1 ? normal : normal with { N = Behind(normal.C, channels) };

    /// <summary>
    /// Whether the images of a batch lie side by side, element by element, and no other elements do: what
    /// <see cref="ImageLayout.Chwn"/> makes.
    /// </summary>
    public bool AreInnermost => given.N == 1 && (channels == 1 || given.C > 1) && (height == 1 || given.H > 1)
        && (width == 1 || given.W > 1);

    /// <summary>Whether images that follow each other by their stride don't reach into one another.</summary>
    public bool AreApart => normal.N > reach;

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
        if (!AreDistinct(batch))
        {
            throw ArgumentErrors.OutOfRange(argument, given,
                $"strides that give every element of a batch of {batch} a place of its own");
        }
    }

    /// <summary>
    /// Batches longer than what can be decided count as distinct: no span is as long, so they are refused for their length.
    /// </summary>
    public bool AreDistinct(int batch) =>
        reach > StridedSums.Largest
        || StridedSums.AreDistinct((normal.N, batch), (normal.C, channels), (normal.H, height), (normal.W, width));

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
