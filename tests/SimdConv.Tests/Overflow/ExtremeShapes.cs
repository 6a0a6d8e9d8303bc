namespace SimdConv.Tests.Overflow;

/// <summary>
/// Geometries with strides, dilations and paddings near the limits of 32 bits, and yet only some pixels and windows, so that they
/// can be computed and compared. Some of them no shape can have: they are to be refused.
/// </summary>
internal static class ExtremeShapes
{
    private sealed record Axis(int Size, int Kernel, int Stride, int Before, int After, int Dilation);

    private static readonly Axis[] Ordinary =
        [new(5, 3, 1, 1, 1, 1), new(6, 2, 2, 0, 1, 2), new(1, 1, 1, 0, 0, 1), new(17, 1, 1, 0, 0, 1)];

    private static readonly (int C, int K, int Groups)[] Channels =
        [(3, 4, 1), (2, 2, 2), (4, 6, 2), (1, 1, 1), (2, 4, 2), (20, 1, 1)];

    public static IEnumerable<Conv2DShape> Convolutions()
    {
        int i = 0;
        foreach (Axis extreme in Axes())
        {
            Axis ordinary = Ordinary[i % Ordinary.Length];
            yield return Of(extreme, ordinary, Channels[i % Channels.Length]);
            yield return Of(ordinary, extreme, Channels[(i + 1) % Channels.Length]);
            if (i++ % 3 == 0)
                yield return Of(extreme, extreme, Channels[i % Channels.Length]);
        }

        static Conv2DShape Of(Axis h, Axis w, (int C, int K, int Groups) channels) =>
            new(channels.C, h.Size, w.Size, channels.K, h.Kernel, w.Kernel)
            {
                StrideH = h.Stride,
                StrideW = w.Stride,
                PadTop = h.Before,
                PadLeft = w.Before,
                PadBottom = h.After,
                PadRight = w.After,
                DilationH = h.Dilation,
                DilationW = w.Dilation,
                Groups = channels.Groups,
            };
    }

    /// <summary>From C pixels to those that the convolutions have, with output padding for what no window sees.</summary>
    public static IEnumerable<ConvTranspose2DShape> Transposed() =>
        from shape in Convolutions()
        where shape.P is > 0 and < 100 && shape.Q is > 0 and < 100
        let same = new ConvTranspose2DShape(shape.K, shape.P, shape.Q, shape.C, shape.R, shape.S)
        {
            StrideH = shape.StrideH,
            StrideW = shape.StrideW,
            PadTop = shape.PadTop,
            PadLeft = shape.PadLeft,
            PadBottom = shape.PadBottom,
            PadRight = shape.PadRight,
            DilationH = shape.DilationH,
            DilationW = shape.DilationW,
            Groups = shape.Groups,
        }
        select same with { OutputPaddingH = shape.H - same.P, OutputPaddingW = shape.W - same.Q };

    public static IEnumerable<Pool2DShape> Pools() =>
        from shape in Convolutions()
        from ceil in (bool[])[false, true]
        select new Pool2DShape(shape.C, shape.H, shape.W, shape.R, shape.S)
        {
            StrideH = shape.StrideH,
            StrideW = shape.StrideW,
            PadTop = shape.PadTop,
            PadLeft = shape.PadLeft,
            PadBottom = shape.PadBottom,
            PadRight = shape.PadRight,
            DilationH = shape.DilationH,
            DilationW = shape.DilationW,
            CeilMode = ceil,
            CountIncludePad = !ceil,
        };

    private static IEnumerable<Axis> Axes()
    {
        foreach (int large in NearLimits.Large)
        {
            // One window, whatever the stride is; and two or three, by padding that the stride steps over.
            foreach (int dilation in (int[])[1, 2])
            {
                yield return new(1, 1, large, 0, 0, dilation);
                yield return new(5, 1, large, 0, 0, dilation);
                yield return new(5, 3, large, 1, 1, dilation);
                yield return new(2, 2, large, 1, 3, dilation);
                yield return new(5, 2, large, large, 0, dilation);
                yield return new(5, 3, large, large - 1, 1, dilation);
                yield return new(4, 3, large, 2, large, dilation);
                yield return new(4, 2, large, (large / 2) + 1, (large / 2) + 1, dilation);
            }

            // Taps that lie far apart, and windows as far apart as taps.
            yield return new(5, 1, 1, 0, 0, large);
            yield return new(5, 2, large, large, 0, large);
            yield return new(5, 2, large, large - 2, 5, large);
            yield return new(4, 3, large, large, large, large);
            yield return new(4, 2, large - 1, large - 1, large, large);
            yield return new(4, 2, large / 2, large / 2, large / 2, large);
            if (large <= MostDilation)
            {
                yield return new(5, 2, 1, large, 0, large);
                yield return new(5, 2, 2, 1, large, large);
                yield return new(4, 3, 1, large, large, large);
            }
        }
    }

    /// <summary>
    /// A dilation that isn't a matter of the stride is one of memory, as long as what lies between the taps is laid out.
    /// </summary>
    private const int MostDilation = 1 << 16;
}
