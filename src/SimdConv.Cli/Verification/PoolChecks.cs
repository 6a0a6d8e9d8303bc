using System.Numerics;
using SimdConv.Cli.Training;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>A pooling in both directions; of maxima, the places of the winners too.</summary>
internal sealed record PoolChecks(int Batch, PoolKind Kind, Pool2DShape Shape) : ICheckable
{
    private const int Drawn = 60, MaxDrawnPixels = 20_000;

    public static IEnumerable<ICheckable> BuiltIn()
    {
        foreach (PoolKind kind in Enum.GetValues<PoolKind>())
        {
            yield return new PoolChecks(2, kind, new(6, 28, 28, 2, 2)); // LeNet-5
            yield return new PoolChecks(1, kind, new(8, 55, 55, 3, 3) { StrideH = 2, StrideW = 2 }); // AlexNet
            yield return new PoolChecks(1, kind, Padded(16, 56, 57, stride: 2)); // ResNet
            yield return new PoolChecks(2, kind, Padded(5, 14, 14, stride: 1)); // Inception
            yield return new PoolChecks(1, kind,
                new(3, 27, 26, 3, 3) { StrideH = 2, StrideW = 2, CeilMode = true }); // SqueezeNet
            yield return new PoolChecks(2, kind, new(33, 7, 7, 7, 7)); // the whole plane
            yield return new PoolChecks(1, kind, new(2, 40, 41, 20, 19)); // winners in four bytes
            yield return new PoolChecks(0, kind, new(2, 4, 4, 2, 2)); // an empty batch
            yield return new PoolChecks(1, kind, new(1, 1, 1, 1, 1));
            yield return new PoolChecks(1, kind, new(2, 1, 300, 1, 5) { StrideW = 2 }); // sound
            yield return new PoolChecks(1, kind,
                new(3, 20, 21, 3, 2) { DilationH = 2, DilationW = 3, StrideH = 2, StrideW = 1 });
        }

        yield return new PoolChecks(2, PoolKind.Average, new(3, 12, 11, 3, 4) { StrideH = 2, StrideW = 3, DivisorOverride = 5 });
        foreach ((int p, int q) in ((int, int)[])[(1, 1), (3, 2), (5, 7), (13, 11), (20, 30)])
            yield return new PoolChecks(2, PoolKind.Average, Pool2DShape.Adaptive(6, 13, 11, p, q));
        Random64 random = new(3);
        for (int drawn = 0; drawn < Drawn;)
        {
            PoolChecks checks = Draw(random, (PoolKind)(drawn % 2));
            if ((long)checks.Batch * checks.Shape.C * checks.Shape.H * checks.Shape.W > MaxDrawnPixels)
                continue;
            drawn++;
            yield return checks;
        }
    }

    private static Pool2DShape Padded(int c, int h, int w, int stride) => new(c, h, w, 3, 3)
    {
        StrideH = stride,
        StrideW = stride,
        PadTop = 1,
        PadLeft = 1,
        PadBottom = 1,
        PadRight = 1,
    };

    public override string ToString()
    {
        Pool2DShape s = Shape;
        string common = $"pool={(Kind == PoolKind.Max ? "max" : "average")},n={Batch},c={s.C},h={s.H},w={s.W}";
        return s.AdaptiveSize is { } size
            ? $"{common},adaptive={size.Height}x{size.Width}"
            : $"{common},r={s.R},s={s.S},stride={s.StrideH}x{s.StrideW},pad={s.PadTop}x{s.PadLeft}x{s.PadBottom}x{s.PadRight},"
                + $"dilation={s.DilationH}x{s.DilationW},ceil={(s.CeilMode ? 1 : 0)},count_pad={(s.CountIncludePad ? 1 : 0)},"
                + $"divisor={s.DivisorOverride}";
    }

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int inputs = Batch * Shape.C * Shape.H * Shape.W;
        int outputs = Batch * Shape.C * ReferencePool2D.OutputHeight(Shape) * ReferencePool2D.OutputWidth(Shape);
        T[] x = checker.Data(inputs), dy = checker.Data(outputs), y = new T[outputs], dx = new T[inputs], gauge = new T[inputs];
        int[] taps = new int[Kind == PoolKind.Max ? outputs : 0];
        ReferencePool2D.Forward<T>(Shape, Kind, Batch, x, y, taps);
        ReferencePool2D.Backward<T>(Shape, Kind, Batch, dy, taps, dx);
        ReferencePool2D.Backward<T>(Shape, Kind, Batch, Checker<T>.Sizes(dy), taps, gauge);
        // A pixel lies in no more windows than a window has pixels, or, where windows are stretched, than there are windows.
        long terms = Shape.AdaptiveSize is { } size ? (long)size.Height * size.Width : (long)Shape.R * Shape.S;
        T[] sizes = new T[outputs];
        if (Kind == PoolKind.Average)
            ReferencePool2D.Forward<T>(Shape, Kind, Batch, Checker<T>.Sizes(x), sizes);
        foreach (bool inImages in CheckedImages<T>.BothLayouts)
        {
            PoolCalls<T> calls = new(Batch, Shape, Kind, inImages);
            if (Kind == PoolKind.Max)
            {
                CheckMaxima(checker, calls, x, y, taps, dy, dx, gauge, terms);
                continue;
            }

            checker.CheckSums(calls.NameOf("average-pool"), y, sizes, (long)Shape.R * Shape.S, (result, execution) =>
                calls.Forward(x, result, keepsWinners: false, execution));
            checker.CheckSums(calls.NameOf("average-pool-gradient"), dx, gauge, terms, (result, execution) =>
                calls.Backward(dy, result, execution));
        }
    }

    private void CheckMaxima<T>(Checker<T> checker, PoolCalls<T> calls, T[] x, T[] y, int[] taps, T[] dy, T[] dx, T[] gauge,
        long terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long[] indices = new long[y.Length];
        T[] right = new T[y.Length], unused = new T[y.Length];
        for (int i = 0; i < y.Length; i++)
            right[i] = T.CreateChecked(PixelOf(i, taps[i]));
        checker.CheckExactly(calls.NameOf("max-pool"), y, (result, execution) =>
            calls.Forward(x, result, keepsWinners: false, execution));
        checker.CheckExactly(calls.NameOf("max-pool"), y, (result, execution) =>
            calls.Forward(x, result, keepsWinners: true, execution));
        checker.CheckExactly(calls.NameOf("max-pool-indices"), right, (result, execution) =>
        {
            Array.Fill(calls.Winners, byte.MaxValue);
            calls.Forward(x, unused, keepsWinners: true, execution);
            calls.Indices(indices);
            for (int i = 0; i < indices.Length; i++)
                result[i] = T.CreateSaturating(indices[i]);
        });
        checker.CheckSums(calls.NameOf("max-pool-gradient"), dx, gauge, terms, (result, execution) =>
        {
            calls.Forward(x, unused, keepsWinners: true, execution);
            calls.Backward(dy, result, execution);
        });
    }

    /// <summary>The pixel h * W + w of the image that a window's tap lies on.</summary>
    private int PixelOf(int window, int tap)
    {
        int height = ReferencePool2D.OutputHeight(Shape), width = ReferencePool2D.OutputWidth(Shape);
        int h = (window / width % height * Shape.StrideH) - Shape.PadTop + (tap / Shape.S * Shape.DilationH);
        int w = (window % width * Shape.StrideW) - Shape.PadLeft + (tap % Shape.S * Shape.DilationW);
        return (h * Shape.W) + w;
    }

    /// <summary>Draws the output first; padding is less than the window, so that each holds a pixel.</summary>
    private static PoolChecks Draw(Random64 random, PoolKind kind)
    {
        (int h, int r, int strideH, int top, int bottom, int dilationH) = Axis();
        (int w, int s, int strideW, int left, int right, int dilationW) = Axis();
        return new PoolChecks(1 + random.Next(3), kind, new Pool2DShape(1 + random.Next(20), h, w, r, s)
        {
            StrideH = strideH,
            StrideW = strideW,
            PadTop = top,
            PadLeft = left,
            PadBottom = bottom,
            PadRight = right,
            DilationH = dilationH,
            DilationW = dilationW,
            CeilMode = random.Next(2) == 0,
            CountIncludePad = random.Next(2) == 0,
        });

        (int, int, int, int, int, int) Axis()
        {
            int windows = 1 + random.Next(20), kernel = 1 + random.Next(4), stride = 1 + random.Next(3);
            int dilation = random.Next(4) == 0 ? 2 : 1, extent = (dilation * (kernel - 1)) + 1;
            int padded = ((windows - 1) * stride) + extent + random.Next(stride);
            int most = dilation == 1 ? kernel / 2 : 0, before = random.Next(most + 1), after = random.Next(most + 1);
            return (Math.Max(extent, padded - before - after), kernel, stride, before, after, dilation);
        }
    }
}
