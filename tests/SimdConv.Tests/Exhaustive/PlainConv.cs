using SimdConv.Tests.Support;

namespace SimdConv.Tests.Exhaustive;

/// <summary>Channels and groups of a convolution, and how its images lie: NCHW, NHWC or CHWN.</summary>
internal sealed record Channels(string Name, int C, int K, int Groups, LayoutKind Layout = LayoutKind.Nchw);

/// <summary>
/// One convolution of small integers in all directions by plain loops over the definition. It shares no code with the library.
/// All sums stay far below 2^24, so that they are exact in any order and in either type. Images are in the order n, c, h, w.
/// </summary>
internal sealed class PlainConv
{
    private readonly Channels channels;
    private readonly Axis vertical, horizontal;

    public PlainConv(Channels channels, Axis vertical, Axis horizontal, int batch, int seed)
    {
        (this.channels, this.vertical, this.horizontal, Batch) = (channels, vertical, horizontal, batch);
        (P, Q) = (vertical.Windows(false), horizontal.Windows(false));
        X = Integers(batch * channels.C * vertical.Size * horizontal.Size, seed);
        W = Integers(channels.K * channels.C / channels.Groups * vertical.Kernel * horizontal.Kernel, seed + 1);
        Dy = Integers(batch * channels.K * P * Q, seed + 2);
        OutputBias = Integers(channels.K, seed + 3);
        InputBias = Integers(channels.C, seed + 4);
        (Y, Dx, Dw) = (new int[Dy.Length], new int[X.Length], new int[W.Length]);
        (Db, InputSums) = (SumsOfChannels(Dy, channels.K), SumsOfChannels(X, channels.C));
        AddProducts();
    }

    /// <summary>Any shape whose sums stay small enough.</summary>
    public static PlainConv Of(Conv2DShape s, int batch, int seed) => new(
        new("", s.C, s.K, s.Groups),
        new(s.H, s.R, s.StrideH, s.PadTop, s.PadBottom, s.DilationH),
        new(s.W, s.S, s.StrideW, s.PadLeft, s.PadRight, s.DilationW),
        batch,
        seed);

    public int Batch { get; }

    public int P { get; }

    public int Q { get; }

    public int[] X { get; }

    public int[] W { get; }

    public int[] Dy { get; }

    /// <summary>One for each output channel.</summary>
    public int[] OutputBias { get; }

    /// <summary>One for each input channel: the bias of the transposed convolution.</summary>
    public int[] InputBias { get; }

    /// <summary>The convolution of X with W, without a bias.</summary>
    public int[] Y { get; }

    /// <summary>The gradient with respect to X, which is also the transposed convolution of Dy.</summary>
    public int[] Dx { get; }

    public int[] Dw { get; }

    /// <summary>The sum of each output channel of Dy.</summary>
    public int[] Db { get; }

    /// <summary>The sum of each input channel of X: the bias gradient of the transposed convolution.</summary>
    public int[] InputSums { get; }

    public Conv2DShape Shape => new(channels.C, vertical.Size, horizontal.Size, channels.K, vertical.Kernel, horizontal.Kernel)
    {
        StrideH = vertical.Stride,
        StrideW = horizontal.Stride,
        PadTop = vertical.Before,
        PadLeft = horizontal.Before,
        PadBottom = vertical.After,
        PadRight = horizontal.After,
        DilationH = vertical.Dilation,
        DilationW = horizontal.Dilation,
        Groups = channels.Groups,
    };

    /// <summary>The transposed convolution from Dy to Dx.</summary>
    public ConvTranspose2DShape Transposed
    {
        get
        {
            ConvTranspose2DShape shape = new(channels.K, P, Q, channels.C, vertical.Kernel, horizontal.Kernel)
            {
                StrideH = vertical.Stride,
                StrideW = horizontal.Stride,
                PadTop = vertical.Before,
                PadLeft = horizontal.Before,
                PadBottom = vertical.After,
                PadRight = horizontal.After,
                DilationH = vertical.Dilation,
                DilationW = horizontal.Dilation,
                Groups = channels.Groups,
            };
            return shape with { OutputPaddingH = Unused(vertical, P), OutputPaddingW = Unused(horizontal, Q) };
        }
    }

    /// <summary>X as a matrix of columns for each image: rows (c, r, s), columns (p, q).</summary>
    public int[] Unfolded() => Columns((columns, i, pixel) => columns[i] = X[pixel]);

    /// <summary>
    /// The images that columns add up to, each element of <paramref name="columns"/> at the pixel that it was read from.
    /// </summary>
    public int[] Folded(int[] columns)
    {
        int[] folded = new int[X.Length];
        Columns((_, i, pixel) => folded[pixel] += columns[i]);
        return folded;
    }

    /// <summary>-3 to 3.</summary>
    public static int[] Integers(int length, int seed)
    {
        int[] values = new int[length];
        for (int i = 0; i < length; i++)
            values[i] = (int)(Data.Mix(seed, i) % 7) - 3;
        return values;
    }

    /// <summary>Rows or columns at the end of the padded image that no window reaches.</summary>
    private static int Unused(Axis axis, int windows) =>
        axis.Before + axis.Size + axis.After - (((windows - 1) * axis.Stride) + (axis.Dilation * (axis.Kernel - 1)) + 1);

    private void AddProducts()
    {
        int groupC = channels.C / channels.Groups, groupK = channels.K / channels.Groups, plane = vertical.Size * horizontal.Size;
        int taps = vertical.Kernel * horizontal.Kernel;
        List<(int X, int Y, int Tap)> products = Products();
        for (int n = 0; n < Batch; n++)
        {
            for (int k = 0; k < channels.K; k++)
            {
                int y = ((n * channels.K) + k) * P * Q;
                for (int c = 0; c < groupC; c++)
                {
                    int x = ((n * channels.C) + (k / groupK * groupC) + c) * plane, w = ((k * groupC) + c) * taps;
                    foreach ((int pixel, int output, int tap) in products)
                    {
                        Y[y + output] += X[x + pixel] * W[w + tap];
                        Dx[x + pixel] += Dy[y + output] * W[w + tap];
                        Dw[w + tap] += Dy[y + output] * X[x + pixel];
                    }
                }
            }
        }
    }

    /// <summary>Within one plane: every pixel with every output that sees it, and the tap through which it does.</summary>
    private List<(int X, int Y, int Tap)> Products()
    {
        List<(int, int, int)> products = [];
        for (int p = 0; p < P; p++)
        {
            for (int r = 0; r < vertical.Kernel; r++)
            {
                int h = vertical.Pixel(p, r);
                for (int q = 0; q < Q && h >= 0; q++)
                {
                    for (int s = 0; s < horizontal.Kernel; s++)
                    {
                        int w = horizontal.Pixel(q, s);
                        if (w >= 0)
                            products.Add(((h * horizontal.Size) + w, (p * Q) + q, (r * horizontal.Kernel) + s));
                    }
                }
            }
        }

        return products;
    }

    private int[] SumsOfChannels(int[] image, int count)
    {
        int[] sums = new int[count];
        int plane = image.Length / Batch / count;
        for (int i = 0; i < image.Length; i++)
            sums[i / plane % count] += image[i];
        return sums;
    }

    private int[] Columns(Action<int[], int, int> visit)
    {
        int taps = vertical.Kernel * horizontal.Kernel;
        int[] columns = new int[Batch * channels.C * taps * P * Q];
        List<(int X, int Y, int Tap)> products = Products();
        for (int plane = 0; plane < Batch * channels.C; plane++)
        {
            foreach ((int pixel, int output, int tap) in products)
                visit(columns, (((plane * taps) + tap) * P * Q) + output, (plane * vertical.Size * horizontal.Size) + pixel);
        }

        return columns;
    }
}
