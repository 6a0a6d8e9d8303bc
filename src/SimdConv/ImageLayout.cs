using SimdConv.Core;

namespace SimdConv;

/// <summary>
/// Where the elements of a batch of images lie: element (n, c, h, w) is at n*N + c*C + h*H + w*W. Strides count elements,
/// so that NCHW, NHWC and views of larger images are all the same thing.
/// </summary>
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

    private static nint Elements(int channels, int height, int width)
    {
        Int128 elements = (Int128)((long)channels * height) * width;
        return elements >= nint.MinValue && elements <= nint.MaxValue
            ? (nint)elements
            : throw ArgumentErrors.OutOfRange(nameof(channels), channels, $"sizes whose product ({channels} x {height} x {width}) is below 2^63");
    }

    /// <summary>The number of elements from the first to the last one of a batch, both included; 0 for an empty batch.</summary>
    internal long Length(long batch, long channels, long height, long width) =>
        batch == 0 || channels == 0 || height == 0 || width == 0
            ? 0
            : checked(1 + ((batch - 1) * N) + ((channels - 1) * C) + ((height - 1) * H) + ((width - 1) * W));

    /// <summary>Refuses negative strides.</summary>
    internal void RequireInput(string argument)
    {
        if (N < 0 || C < 0 || H < 0 || W < 0)
            throw ArgumentErrors.OutOfRange(argument, this, "strides of 0 or more");
    }

    /// <summary>Refuses strides by which two elements would share a place.</summary>
    internal void RequireOutput(string argument, int channels, int height, int width)
    {
        RequireInput(argument);
        if (!IsOneToOne(channels, height, width))
            throw ArgumentErrors.OutOfRange(argument, this, "strides that give every element of the output a place of its own");
    }

    /// <summary>Whether every element of a batch has a place of its own.</summary>
    internal bool IsOneToOne(int channels, int height, int width)
    {
        (nint Stride, long Extent)[] dimensions = [(W, width), (H, height), (C, channels), (N, int.MaxValue)];
        Array.Sort(dimensions, (x, y) => x.Stride.CompareTo(y.Stride));
        Int128 reach = 0;
        foreach ((nint stride, long extent) in dimensions)
        {
            if (extent == 1)
                continue;
            if (stride <= reach)
                return false;
            reach = extent == int.MaxValue ? stride : reach + ((extent - 1) * (Int128)stride);
        }

        return true;
    }
}
