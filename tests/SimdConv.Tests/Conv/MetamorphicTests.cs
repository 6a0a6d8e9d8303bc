using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class MetamorphicFloatTests : MetamorphicTests<float>;

public sealed class MetamorphicDoubleTests : MetamorphicTests<double>;

/// <summary>
/// Convolutions of which another convolution, or a GEMM, says what must come out, bit for bit, without any oracle.
/// </summary>
public abstract class MetamorphicTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A kernel that is 1 at one tap and 0 elsewhere moves the image.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void DeltaKernelShifts(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape with { Groups = 1, K = 1 };
        int channel = c.Seed % s.C, r = c.Seed / 7 % s.R, column = c.Seed / 49 % s.S;
        T[] x = Image(s, c), w = new T[s.WeightCount];
        w[(((channel * s.R) + r) * s.S) + column] = T.One;
        T[] y = Forward(tier, s, c.Batch, x, w);
        for (int i = 0; i < y.Length; i++)
        {
            int n = i / (s.P * s.Q), h = (i / s.Q % s.P * s.StrideH) - s.PadTop + (r * s.DilationH);
            int v = (i % s.Q * s.StrideW) - s.PadLeft + (column * s.DilationW);
            bool inside = h >= 0 && h < s.H && v >= 0 && v < s.W;
            Compare.Equal<T>([inside ? x[(((((n * s.C) + channel) * s.H) + h) * s.W) + v] : T.Zero], [y[i]], $"element {i}");
        }
    });

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GroupsAreABlockDiagonalKernel(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape;
        T[] x = Image(s, c), w = Weights(s, c), dense = new T[s.WeightCount * s.Groups];
        for (int i = 0; i < w.Length; i++)
        {
            int k = i / s.Taps, group = k / (s.K / s.Groups);
            dense[(((k * s.Groups) + group) * s.Taps) + (i % s.Taps)] = w[i];
        }

        Compare.Equal<T>(Forward(tier, s with { Groups = 1 }, c.Batch, x, dense), Forward(tier, s, c.Batch, x, w), "y");
    });

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void OneByOneIsAMatrixProduct(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = new(c.Shape.C, c.Shape.H, c.Shape.W, c.Shape.K, 1, 1);
        T[] x = Image(s, c), w = Weights(s, c), y = Forward(tier, s, c.Batch, x, w), expected = new T[y.Length];
        int pixels = s.H * s.W;
        for (int n = 0; n < c.Batch; n++)
            SimdConv.Gemm.Multiply<T>(
                s.K, pixels, s.C, w, x.AsSpan(n * s.C * pixels), expected.AsSpan(n * s.K * pixels), tier.Run());
        Compare.Equal<T>(expected, y, "y");
    });

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PaddingIsZeros(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape;
        Conv2DShape padded = s.WithPadding(0, 0) with { H = s.H + s.PadTop + s.PadBottom, W = s.W + s.PadLeft + s.PadRight };
        T[] x = Image(s, c), wide = new T[c.Batch * padded.C * padded.H * padded.W], w = Weights(s, c);
        for (int row = 0; row < c.Batch * s.C * s.H; row++)
            x.AsSpan(row * s.W, s.W)
                .CopyTo(wide.AsSpan((((row / s.H * padded.H) + (row % s.H) + s.PadTop) * padded.W) + s.PadLeft));
        Compare.Equal<T>(Forward(tier, padded, c.Batch, wide, w), Forward(tier, s, c.Batch, x, w), "y");
    });

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void DilationIsZerosBetweenTaps(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape;
        Conv2DShape spread =
            s with { R = (s.DilationH * (s.R - 1)) + 1, S = (s.DilationW * (s.S - 1)) + 1, DilationH = 1, DilationW = 1 };
        T[] x = Image(s, c), w = Weights(s, c), sparse = new T[spread.WeightCount];
        for (int i = 0; i < w.Length; i++)
            sparse[(((i / s.S / s.R * spread.R) + (i / s.S % s.R * s.DilationH)) * spread.S) + (i % s.S * s.DilationW)] = w[i];
        Compare.Equal<T>(Forward(tier, spread, c.Batch, x, sparse), Forward(tier, s, c.Batch, x, w), "y");
    });

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void StrideKeepsEveryNthOutput(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape, dense = s with { StrideH = 1, StrideW = 1 };
        T[] x = Image(s, c), w = Weights(s, c), y = Forward(tier, s, c.Batch, x, w), all = Forward(tier, dense, c.Batch, x, w);
        for (int i = 0; i < y.Length; i++)
        {
            int plane = i / s.Q / s.P, p = i / s.Q % s.P, q = i % s.Q;
            Compare.Equal<T>([all[(((plane * dense.P) + (p * s.StrideH)) * dense.Q) + (q * s.StrideW)]], [y[i]], $"element {i}");
        }
    });

    /// <summary>Powers of two only move the exponents.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ScalingByAPowerOfTwoScales(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape;
        T[] x = Image(s, c), w = Weights(s, c), y = Forward(tier, s, c.Batch, x, w);
        T[] scaled = Forward(tier, s, c.Batch, [.. x.Select(v => v * T.CreateTruncating(64))],
            [.. w.Select(v => v / T.CreateTruncating(4))]);
        Compare.Equal<T>([.. y.Select(v => v * T.CreateTruncating(16))], scaled, "y");
    });

    /// <summary>The same filter in every output channel gives the same output in every lane.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EqualFiltersGiveEqualChannels(SimdTier tier) => Check(tier, c =>
    {
        Conv2DShape s = c.Shape with { Groups = 1, K = 35 };
        T[] x = Image(s, c), one = Data.Make<T>(s.Taps, DataKind.Real, c.Seed),
            w = [.. Enumerable.Repeat(one, s.K).SelectMany(v => v)];
        T[] y = Forward(tier, s, c.Batch, x, w);
        int plane = s.P * s.Q;
        for (int k = 0; k < c.Batch * s.K; k++)
            Compare.Equal<T>(y.AsSpan(k / s.K * s.K * plane, plane), y.AsSpan(k * plane, plane), $"channel {k % s.K}");
    });

    private static void Check(SimdTier tier, Action<ConvCase> property, [CallerMemberName] string test = "")
    {
        Tiers.Require(tier, test);
        Properties.Check(tier, ConvCases.Any(), 300, property, test: test);
    }

    private static T[] Image(Conv2DShape s, ConvCase c) => Data.Make<T>((long)c.Batch * s.C * s.H * s.W, DataKind.Real, c.Seed);

    private static T[] Weights(Conv2DShape s, ConvCase c) => Data.Make<T>(s.WeightCount, DataKind.Real, c.Seed + 1);

    private static T[] Forward(SimdTier tier, Conv2DShape s, int batch, T[] x, T[] w)
    {
        T[] y = Data.Filled((long)batch * s.K * s.P * s.Q, T.NaN);
        new Conv2DPlan<T>(s).Forward(batch, x, w, y, default, tier.Run());
        return y;
    }
}
