namespace SimdConv.Reference;

/// <summary>Window counts and strides, found the plain way so that they can check the library's own.</summary>
internal static class Geometry
{
    /// <summary>Slides the window along one axis and counts the places where it fits in the padded image.</summary>
    public static int CountWindows(int size, int kernel, int stride, int padBefore, int padAfter, int dilation)
    {
        int windows = 0;
        for (long lastTap = (long)dilation * (kernel - 1) - padBefore; lastTap < (long)size + padAfter; lastTap += stride)
            windows++;
        return windows;
    }

    /// <summary>As PyTorch's ceil_mode: one more window if pixels are left over, and none that begins behind the image.</summary>
    public static int CountWindowsCeil(int size, int kernel, int stride, int padBefore, int padAfter, int dilation)
    {
        long extent = (long)dilation * (kernel - 1), lastPixel = (long)size + padAfter - 1;
        int windows = 0;
        for (long start = -padBefore; start < size && start - stride + extent < lastPixel; start += stride)
            windows++;
        return windows;
    }

    public static ImageLayout Contiguous(int channels, int height, int width) =>
        new((nint)channels * height * width, (nint)height * width, width, 1);

    public static int Offset(in ImageLayout layout, int n, int c, int h, int w) =>
        (int)((n * layout.N) + (c * layout.C) + (h * layout.H) + (w * layout.W));
}
