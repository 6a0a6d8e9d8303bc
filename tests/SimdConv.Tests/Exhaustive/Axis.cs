namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// What a convolution or a pooling does along one axis. All numbers come from sliding a window, not from the library's
/// formulas.
/// </summary>
internal readonly record struct Axis(int Size, int Kernel, int Stride, int Before, int After, int Dilation)
{
    /// <summary>
    /// Size 1 to 5, kernel and stride 1 to 3, padding 0 to 2 before and 0 to 4 after, dilation 1 and 2, whether they give an
    /// output or not.
    /// </summary>
    public static readonly Axis[] Tuples =
    [
        .. from size in Enumerable.Range(1, 5)
           from kernel in Enumerable.Range(1, 3)
           from stride in Enumerable.Range(1, 3)
           from before in Enumerable.Range(0, 3)
           from after in Enumerable.Range(0, 5)
           from dilation in Enumerable.Range(1, 2)
           select new Axis(size, kernel, stride, before, after, dilation),
    ];

    /// <summary>The <see cref="Tuples"/> that give an output.</summary>
    public static readonly Axis[] All = [.. Tuples.Where(axis => axis.Windows(isCeil: false) > 0)];

    /// <summary>Pixels from the first tap of a window to its last one.</summary>
    private int Extent => (Dilation * (Kernel - 1)) + 1;

    /// <summary>
    /// Windows that fit; in ceil mode also the partial window behind them that begins inside the image or the padding before
    /// it.
    /// </summary>
    public int Windows(bool isCeil)
    {
        int windows = 0, padded = Before + Size + After;
        while ((windows * Stride) + Extent <= padded)
            windows++;

        // One window more where the ones that fit leave something over.
        bool leavesSome = windows == 0 ? Extent - padded < Stride : ((windows - 1) * Stride) + Extent < padded;
        return isCeil && leavesSome && windows * Stride < Before + Size ? windows + 1 : windows;
    }

    /// <summary>The pixel under a tap of a window; -1 in the padding.</summary>
    public int Pixel(int window, int tap)
    {
        int pixel = (window * Stride) + (tap * Dilation) - Before;
        return pixel < Size ? Math.Max(pixel, -1) : -1;
    }

    /// <summary>
    /// Taps of a window that lie in the image or in its padding: what an average that includes the padding divides by.
    /// </summary>
    public int PaddedTaps(int window)
    {
        int taps = 0;
        for (int tap = 0; tap < Kernel; tap++)
            taps += (window * Stride) + (tap * Dilation) < Before + Size + After ? 1 : 0;
        return taps;
    }

    /// <summary>Taps of a window that lie in the image.</summary>
    public int ImageTaps(int window)
    {
        int taps = 0;
        for (int tap = 0; tap < Kernel; tap++)
            taps += Pixel(window, tap) < 0 ? 0 : 1;
        return taps;
    }
}
