using System.Numerics;
using SimdConv.Tests.Conv;

namespace SimdConv.Tests.Support;

/// <summary>
/// The sums of <see cref="ConvChain"/> with loops in another order, so that millions of multiply-adds take milliseconds: each
/// element's own terms come in the same order. Weights are finite; taps on padding, which change nothing then, are left out.
/// </summary>
internal static class FastChain
{
    /// <summary>What a run must give in a tier that fuses: for weight gradients dw, and db behind it.</summary>
    public static T[] Of<T>(ConvRun<T> run, ConvDirection direction) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Conv2DShape s, int batch) = (run.Case.Shape, run.Case.Batch);
        if (direction == ConvDirection.Forward)
            return Forward(s, batch, run.X, run.W, run.Bias);
        if (direction == ConvDirection.InputGradient)
            return InputGradient(s, batch, run.Dy, run.W, run.DxBefore, run.Beta);
        ReductionOrder order = run.Plan.ReductionOrder(batch);
        T[] weights = WeightGradient(s, batch, run.X, run.Dy, run.DwBefore, run.Beta, order);
        return run.Case.Bias ? [.. weights, .. ConvChain.BiasGradient(s, batch, run.Dy, run.DbBefore, run.Beta, order)] : weights;
    }

    public static T[] Forward<T>(Conv2DShape s, int batch, T[] x, T[] w, T[] bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int channels = s.C / s.Groups, outputs = s.K / s.Groups, plane = s.P * s.Q;
        T[] y = new T[(long)batch * s.K * plane];
        for (int image = 0; image < batch; image++)
        {
            for (int k = 0; k < s.K; k++)
            {
                Span<T> sums = y.AsSpan(((image * s.K) + k) * plane, plane);
                sums.Fill(bias.Length == 0 ? T.Zero : bias[k]);
                for (int tap = 0; tap < channels * s.R * s.S; tap++)
                {
                    int channel = (k / outputs * channels) + (tap / s.S / s.R);
                    Window window = new(s, tap / s.S % s.R, tap % s.S);
                    T weight = w[(k * channels * s.R * s.S) + tap];
                    for (int p = window.FirstP; p < window.LastP; p++)
                    {
                        int first = (((((image * s.C) + channel) * s.H) + window.Row(p)) * s.W) + window.Column(window.FirstQ);
                        for (int q = window.FirstQ; q < window.LastQ; q++, first += s.StrideW)
                            sums[(p * s.Q) + q] = T.FusedMultiplyAdd(x[first], weight, sums[(p * s.Q) + q]);
                    }
                }
            }
        }

        return y;
    }

    public static T[] InputGradient<T>(Conv2DShape s, int batch, T[] dy, T[] w, T[] before, T beta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int channels = s.C / s.Groups, outputs = s.K / s.Groups;
        T[] dx = new T[before.Length];
        for (int i = 0; i < dx.Length && beta != T.Zero; i++)
            dx[i] = beta * before[i];
        for (int image = 0; image < batch; image++)
        {
            for (int c = 0; c < s.C; c++)
            {
                for (int k = c / channels * outputs; k < ((c / channels) + 1) * outputs; k++)
                {
                    // Descending taps are ascending windows.
                    for (int tap = (s.R * s.S) - 1; tap >= 0; tap--)
                    {
                        Window window = new(s, tap / s.S, tap % s.S);
                        T weight = w[(((k * channels) + (c % channels)) * s.R * s.S) + tap];
                        for (int p = window.FirstP; p < window.LastP; p++)
                        {
                            int to = (((((image * s.C) + c) * s.H) + window.Row(p)) * s.W) + window.Column(window.FirstQ);
                            int from = (((((image * s.K) + k) * s.P) + p) * s.Q) + window.FirstQ;
                            for (int q = window.FirstQ; q < window.LastQ; q++, from++, to += s.StrideW)
                                dx[to] = T.FusedMultiplyAdd(dy[from], weight, dx[to]);
                        }
                    }
                }
            }
        }

        return dx;
    }

    public static T[] WeightGradient<T>(Conv2DShape s, int batch, T[] x, T[] dy, T[] before, T beta, ReductionOrder order)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (order.HasImagesInnermost)
            return ConvChain.WeightGradient(s, batch, x, dy, before, beta, order);
        int channels = s.C / s.Groups, outputs = s.K / s.Groups;
        long rows = (long)batch * s.P;
        T[] dw = new T[before.Length], chunks = new T[order.Chunks], lanes = new T[order.Lanes];
        for (int i = 0; i < dw.Length; i++)
        {
            int k = i / s.S / s.R / channels, channel = (k / outputs * channels) + (i / s.S / s.R % channels);
            Window window = new(s, i / s.S % s.R, i % s.S);
            for (int chunk = 0; chunk < order.Chunks; chunk++)
            {
                Array.Clear(lanes);
                lanes[0] = chunk > 0 || beta == T.Zero ? T.Zero : beta * before[i];
                for (long row = chunk * rows / order.Chunks; row < (chunk + 1) * rows / order.Chunks; row++)
                {
                    int image = (int)(row / s.P), p = (int)(row % s.P);
                    if (p < window.FirstP || p >= window.LastP)
                        continue;
                    int from = (((((image * s.C) + channel) * s.H) + window.Row(p)) * s.W) + window.Column(window.FirstQ);
                    int gradient = (((((image * s.K) + k) * s.P) + p) * s.Q) + window.FirstQ;
                    for (int q = window.FirstQ; q < window.LastQ; q++, gradient++, from += s.StrideW)
                    {
                        int lane = q & (lanes.Length - 1);
                        lanes[lane] = T.FusedMultiplyAdd(dy[gradient], x[from], lanes[lane]);
                    }
                }

                for (int half = lanes.Length / 2; half > 0; half /= 2)
                {
                    for (int lane = 0; lane < half; lane++)
                        lanes[lane] += lanes[lane + half];
                }

                chunks[chunk] = lanes[0];
            }

            for (int step = 1; step < chunks.Length; step *= 2)
            {
                for (int chunk = 0; chunk + step < chunks.Length; chunk += 2 * step)
                    chunks[chunk] += chunks[chunk + step];
            }

            dw[i] = chunks[0];
        }

        return dw;
    }

    /// <summary>The windows whose tap (r, s) lies in the image.</summary>
    private readonly struct Window
    {
        private readonly int row, column, strideH, strideW;

        public readonly int FirstP, LastP, FirstQ, LastQ;

        public Window(Conv2DShape shape, int r, int s)
        {
            (row, column) = ((r * shape.DilationH) - shape.PadTop, (s * shape.DilationW) - shape.PadLeft);
            (strideH, strideW) = (shape.StrideH, shape.StrideW);
            (FirstP, LastP) = Range(row, strideH, shape.H, shape.P);
            (FirstQ, LastQ) = Range(column, strideW, shape.W, shape.Q);
        }

        public int Row(int p) => (p * strideH) + row;

        public int Column(int q) => (q * strideW) + column;

        private static (int First, int Last) Range(int at, int stride, int size, int windows)
        {
            int first = at >= 0 ? 0 : (-at + stride - 1) / stride,
                last = at >= size ? 0 : Math.Min(windows, ((size - 1 - at) / stride) + 1);
            return (first, Math.Max(first, last));
        }
    }
}
