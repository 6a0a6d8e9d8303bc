using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>How the images of a test lie in memory.</summary>
public enum LayoutKind
{
    Nchw,
    Nhwc,

    /// <summary>Rows, planes and images of a larger array.</summary>
    View,

    /// <summary>Every other pixel of a larger array.</summary>
    EveryOther,

    /// <summary>All images of channel 0, then all of channel 1.</summary>
    ChannelsOutermost,

    /// <summary>The same pixel of all images side by side.</summary>
    ImagesInnermost,

    /// <summary>The same of a batch that is smaller than the layout allows.</summary>
    SomeOfTheImages,
}

/// <summary>A batch of images in some layout, exactly as long as its last element asks; the gaps hold canaries.</summary>
internal sealed class StridedImage<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int batch, channels, height, width;

    public StridedImage(LayoutKind kind, int batch, int channels, int height, int width)
    {
        (this.batch, this.channels, this.height, this.width) = (batch, channels, height, width);
        Layout = LayoutOf(kind, batch, channels, height, width);
        long length = batch == 0 ? 0 : 1 + Offset(batch - 1, channels - 1, height - 1, width - 1);
        Data = Support.Data.Filled(length, Support.Data.Canary<T>());
    }

    public ImageLayout Layout { get; }

    public T[] Data { get; }

    private long Count => (long)batch * channels * height * width;

    public static StridedImage<T> Filled(LayoutKind kind, int batch, int channels, int height, int width, DataKind data, int seed)
    {
        StridedImage<T> image = new(kind, batch, channels, height, width);
        image.Unpack(Support.Data.Make<T>(image.Count, data, seed));
        return image;
    }

    /// <summary>The elements in the order n, c, h, w.</summary>
    public T[] Pack()
    {
        T[] packed = new T[Count];
        int i = 0;
        foreach (int offset in Offsets())
            packed[i++] = Data[offset];
        return packed;
    }

    public void Unpack(ReadOnlySpan<T> packed)
    {
        int i = 0;
        foreach (int offset in Offsets())
            Data[offset] = packed[i++];
    }

    /// <summary>Fails if anything but the elements was written.</summary>
    public void RequireGapsUntouched(string what)
    {
        T[] expected = Support.Data.Filled(Data.Length, Support.Data.Canary<T>());
        foreach (int offset in Offsets())
            expected[offset] = Data[offset];
        Compare.Untouched<T>(expected, Data, $"{what}: a gap of the layout");
    }

    private static ImageLayout LayoutOf(LayoutKind kind, int batch, int channels, int height, int width) => kind switch
    {
        LayoutKind.Nhwc => ImageLayout.Nhwc(channels, height, width),
        LayoutKind.View => View(width + 3, height + 2, channels, 1),
        LayoutKind.EveryOther => View((2 * width) + 1, height, channels, 2),
        LayoutKind.ChannelsOutermost => new((nint)height * width, (nint)Math.Max(batch, 2) * height * width, width, 1),
        LayoutKind.ImagesInnermost => ImageLayout.Chwn(channels, height, width, Math.Max(batch, 1)),
        LayoutKind.SomeOfTheImages => ImageLayout.Chwn(channels, height, width, batch + 3),
        _ => ImageLayout.Nchw(channels, height, width),
    };

    private static ImageLayout View(nint row, nint rows, nint channels, nint pixel) =>
        new((row * rows * channels) + 5, row * rows, row, pixel);

    private IEnumerable<int> Offsets()
    {
        for (int n = 0; n < batch; n++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int h = 0; h < height; h++)
                {
                    for (int w = 0; w < width; w++)
                        yield return (int)Offset(n, c, h, w);
                }
            }
        }
    }

    private long Offset(int n, int c, int h, int w) => (n * Layout.N) + (c * Layout.C) + (h * Layout.H) + (w * Layout.W);
}
