using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

/// <summary>Convolutions of which another convolution, or a GEMM, says what must come out, bit for bit, without any oracle.</summary>
public sealed class MetamorphicTests
{
    /// <summary>A kernel that is 1 at one tap and 0 elsewhere moves the image.</summary>
    [Fact]
    public void DeltaKernelShifts() => Check(c =>
    {
        Conv2DShape s = c.Shape with { Groups = 1, K = 1 };
        int channel = c.Seed % s.C, r = c.Seed / 7 % s.R, column = c.Seed / 49 % s.S;
        float[] x = Image(s, c), w = new float[s.WeightCount];
        w[(((channel * s.R) + r) * s.S) + column] = 1;
        float[] y = Forward(s, c.Batch, x, w);
        for (int i = 0; i < y.Length; i++)
        {
            int n = i / (s.P * s.Q), h = (i / s.Q % s.P * s.StrideH) - s.PadTop + (r * s.DilationH);
            int v = (i % s.Q * s.StrideW) - s.PadLeft + (column * s.DilationW);
            bool inside = h >= 0 && h < s.H && v >= 0 && v < s.W;
            Compare.Equal<float>([inside ? x[(((((n * s.C) + channel) * s.H) + h) * s.W) + v] : 0], [y[i]], $"element {i}");
        }
    });

    [Fact]
    public void GroupsAreABlockDiagonalKernel() => Check(c =>
    {
        Conv2DShape s = c.Shape;
        float[] x = Image(s, c), w = Weights(s, c), dense = new float[s.WeightCount * s.Groups];
        for (int i = 0; i < w.Length; i++)
        {
            int k = i / s.Taps, group = k / (s.K / s.Groups);
            dense[(((k * s.Groups) + group) * s.Taps) + (i % s.Taps)] = w[i];
        }

        Compare.Equal<float>(Forward(s with { Groups = 1 }, c.Batch, x, dense), Forward(s, c.Batch, x, w), "y");
    });

    [Fact]
    public void OneByOneIsAMatrixProduct() => Check(c =>
    {
        Conv2DShape s = new(c.Shape.C, c.Shape.H, c.Shape.W, c.Shape.K, 1, 1);
        float[] x = Image(s, c), w = Weights(s, c), y = Forward(s, c.Batch, x, w), expected = new float[y.Length];
        int pixels = s.H * s.W;
        for (int n = 0; n < c.Batch; n++)
            SimdConv.Gemm.Multiply<float>(s.K, pixels, s.C, w, x.AsSpan(n * s.C * pixels), expected.AsSpan(n * s.K * pixels));
        Compare.Equal<float>(expected, y, "y");
    });

    [Fact]
    public void PaddingIsZeros() => Check(c =>
    {
        Conv2DShape s = c.Shape;
        Conv2DShape padded = s.WithPadding(0, 0) with { H = s.H + s.PadTop + s.PadBottom, W = s.W + s.PadLeft + s.PadRight };
        float[] x = Image(s, c), wide = new float[c.Batch * padded.C * padded.H * padded.W], w = Weights(s, c);
        for (int row = 0; row < c.Batch * s.C * s.H; row++)
            x.AsSpan(row * s.W, s.W).CopyTo(wide.AsSpan((((row / s.H * padded.H) + (row % s.H) + s.PadTop) * padded.W) + s.PadLeft));
        Compare.Equal<float>(Forward(padded, c.Batch, wide, w), Forward(s, c.Batch, x, w), "y");
    });

    [Fact]
    public void DilationIsZerosBetweenTaps() => Check(c =>
    {
        Conv2DShape s = c.Shape;
        Conv2DShape spread = s with { R = (s.DilationH * (s.R - 1)) + 1, S = (s.DilationW * (s.S - 1)) + 1, DilationH = 1, DilationW = 1 };
        float[] x = Image(s, c), w = Weights(s, c), sparse = new float[spread.WeightCount];
        for (int i = 0; i < w.Length; i++)
            sparse[(((i / s.S / s.R * spread.R) + (i / s.S % s.R * s.DilationH)) * spread.S) + (i % s.S * s.DilationW)] = w[i];
        Compare.Equal<float>(Forward(spread, c.Batch, x, sparse), Forward(s, c.Batch, x, w), "y");
    });

    [Fact]
    public void StrideKeepsEveryNthOutput() => Check(c =>
    {
        Conv2DShape s = c.Shape, dense = s with { StrideH = 1, StrideW = 1 };
        float[] x = Image(s, c), w = Weights(s, c), y = Forward(s, c.Batch, x, w), all = Forward(dense, c.Batch, x, w);
        for (int i = 0; i < y.Length; i++)
        {
            int plane = i / s.Q / s.P, p = i / s.Q % s.P, q = i % s.Q;
            Compare.Equal<float>([all[(((plane * dense.P) + (p * s.StrideH)) * dense.Q) + (q * s.StrideW)]], [y[i]], $"element {i}");
        }
    });

    /// <summary>Powers of two only move the exponents.</summary>
    [Fact]
    public void ScalingByAPowerOfTwoScales() => Check(c =>
    {
        Conv2DShape s = c.Shape;
        float[] x = Image(s, c), w = Weights(s, c), y = Forward(s, c.Batch, x, w);
        float[] scaled = Forward(s, c.Batch, [.. x.Select(v => v * 64)], [.. w.Select(v => v / 4)]);
        Compare.Equal<float>([.. y.Select(v => v * 16)], scaled, "y");
    });

    /// <summary>The same filter in every output channel gives the same output in every lane.</summary>
    [Fact]
    public void EqualFiltersGiveEqualChannels() => Check(c =>
    {
        Conv2DShape s = c.Shape with { Groups = 1, K = 35 };
        float[] x = Image(s, c), one = Data.Make<float>(s.Taps, DataKind.Real, c.Seed), w = [.. Enumerable.Repeat(one, s.K).SelectMany(v => v)];
        float[] y = Forward(s, c.Batch, x, w);
        int plane = s.P * s.Q;
        for (int k = 0; k < c.Batch * s.K; k++)
            Compare.Equal<float>(y.AsSpan(k / s.K * s.K * plane, plane), y.AsSpan(k * plane, plane), $"channel {k % s.K}");
    });

    private static void Check(Action<ConvCase> property) => Properties.Check(ConvCases.Any(), 1000, property);

    private static float[] Image(Conv2DShape s, ConvCase c) => Data.Make<float>((long)c.Batch * s.C * s.H * s.W, DataKind.Real, c.Seed);

    private static float[] Weights(Conv2DShape s, ConvCase c) => Data.Make<float>(s.WeightCount, DataKind.Real, c.Seed + 1);

    private static float[] Forward(Conv2DShape s, int batch, float[] x, float[] w)
    {
        float[] y = Data.Filled((long)batch * s.K * s.P * s.Q, float.NaN);
        new Conv2DPlan<float>(s).Forward(batch, x, w, y);
        return y;
    }
}
