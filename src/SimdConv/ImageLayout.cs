namespace SimdConv;

/// <summary>
/// Where the elements of a batch of images lie: element (n, c, h, w) is at n*N + c*C + h*H + w*W. Strides count elements,
/// so that NCHW, NHWC and views of larger images are all the same thing.
/// </summary>
/// <remarks>
/// A stride is 0 or more; that of a dimension of size 1, or of the images in a batch of one, is never used and may be any number.
/// What is read may share places: a stride of 0 repeats a channel, row or pixel. What is written has a place of its own for every
/// element of the batch, in whichever order strides nest or interleave.
/// </remarks>
/// <param name="N">Elements from one image to the next.</param>
/// <param name="C">Elements from one channel to the next.</param>
/// <param name="H">Elements from one row to the next.</param>
/// <param name="W">Elements from one pixel to the next.</param>
public readonly record struct ImageLayout(nint N, nint C, nint H, nint W)
{
    /// <summary>Contiguous channels of contiguous rows: PyTorch's default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An image has 2^63 elements or more.</exception>
    public static ImageLayout Nchw(int channels, int height, int width) =>
        new(Elements(channels, height, width), (nint)height * width, width, 1);

    /// <summary>Contiguous pixels of interleaved channels: how images arrive from files.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An image has 2^63 elements or more.</exception>
    public static ImageLayout Nhwc(int channels, int height, int width) =>
        new(Elements(channels, height, width), 1, (nint)width * channels, channels);

    /// <summary>
    /// The same pixel of all images side by side, [channel][row][column][image]: a register holds one pixel of neighbouring
    /// images, so that stride, dilation, padding, few channels and odd sizes leave no lane empty.
    /// </summary>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="height">Rows of an image.</param>
    /// <param name="width">Columns of an image.</param>
    /// <param name="images">The most images of a batch, which are elements from one pixel to the next.</param>
    /// <exception cref="ArgumentOutOfRangeException">The images have 2^63 elements or more.</exception>
    public static ImageLayout Chwn(int channels, int height, int width, int images)
    {
        _ = Elements(channels, height, width, images);
        return new(1, (nint)height * width * images, (nint)width * images, images);
    }

    private static nint Elements(int channels, int height, int width, int images = 1)
    {
        // Without channels there are no elements, but the strides of a plane have to be countable too.
        Int128 plane = (Int128)height * width * images, elements = plane * channels;
        return IsCountable(plane) && IsCountable(elements)
            ? (nint)elements
            : throw ArgumentErrors.OutOfRange(nameof(channels), channels,
                $"sizes whose product ({channels} x {height} x {width}{(images == 1 ? "" : $" x {images}")}) is below 2^63");

        static bool IsCountable(Int128 count) => count >= nint.MinValue && count <= nint.MaxValue;
    }

    /// <summary>Whether images are innermost, of the layout of a <see cref="PlanImages"/>.</summary>
    internal bool HasImagesInnermost => N == 1;

    /// <summary>Whether the pixels of a plane follow each other, row by row, so that a plane is one row of elements.</summary>
    internal bool HasWholePlanes(int width) => W == 1 && H == width;

    /// <summary>
    /// The number of elements from the first to the last one of a batch that fits in memory, both included; 0 for an empty batch.
    /// </summary>
    internal nint Length(int batch, int channels, int height, int width) =>
        batch == 0 ? 0 : 1 + ((batch - 1) * N) + ((channels - 1) * C) + ((height - 1) * H) + ((width - 1) * W);
}
