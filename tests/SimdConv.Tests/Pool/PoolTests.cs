using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Pool;

public sealed class PoolFloatTests : PoolTests<float>;

public sealed class PoolDoubleTests : PoolTests<double>;

public abstract class PoolTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Forward(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, PoolCases.Any(), 1000, c => PoolProperties<T>.Forward(tier, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Backward(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, PoolCases.Any(), 1000, c => PoolProperties<T>.Backward(tier, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SameOnAnyNumberOfThreadsAndAtAnyBatchSize(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, PoolCases.Any(), 1000, c => PoolProperties<T>.SameOnAnyThreadsAndBatch(tier, c));
    }

    /// <summary>
    /// A NaN anywhere in a window is its maximum, in every lane; infinities and ties behave as in the plain loop.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void MaximaOfSpecialValues(SimdTier tier)
    {
        Tiers.Require(tier);
        T[] specials =
        [
            T.NaN, T.NegativeInfinity, T.PositiveInfinity, T.NegativeZero, T.Zero, -T.One, T.One, T.NegativeInfinity,
            T.NegativeInfinity,
        ];
        foreach (int width in (int[])[2, 5, 16, 35, 66])
        {
            foreach ((int kernel, int stride, int pad) in
                (ReadOnlySpan<(int, int, int)>)[(2, 2, 0), (3, 1, 1), (3, 2, 1), (2, 1, 1), (7, 1, 0)])
            {
                Pool2DShape shape = new(2, 7, width, kernel, kernel == 7 ? width : kernel == 3 && width < 3 ? 2 : kernel)
                {
                    StrideH = stride,
                    StrideW = stride,
                    PadTop = pad,
                    PadLeft = pad,
                    PadBottom = pad,
                    PadRight = pad,
                };
                T[] x = new T[2 * 7 * width], y = new T[2 * shape.P * shape.Q], expected = new T[y.Length];
                for (int i = 0; i < x.Length; i++)
                    x[i] = specials[Data.Mix(width, i) % (ulong)specials.Length];
                byte[] winners = new byte[new Pool2DPlan<T>(shape, PoolKind.Max).WinnerBytes(1)];
                int[] expectedWinners = new int[y.Length];
                ReferencePool2D.Forward<T>(shape, PoolKind.Max, 1, x, expected, expectedWinners);
                foreach (bool inPieces in (ReadOnlySpan<bool>)[false, true])
                {
                    Pool2DPlan<T> plan = new(shape, PoolKind.Max) { InPieces = inPieces };
                    plan.Forward(1, x, y, winners, tier.Run());
                    Compare.Equal<T>(expected, y, $"maxima of {shape}");
                    Assert.Equal(expectedWinners, winners.Length == y.Length
                        ? Array.ConvertAll(winners, tap => (int)tap)
                        : System.Runtime.InteropServices.MemoryMarshal.Cast<byte, int>(winners).ToArray());
                    plan.Forward(1, x, y, tier.Run());
                    Compare.Equal<T>(expected, y, $"maxima of {shape} without winners");
                }
            }
        }
    }

    /// <summary>4x4 image 1..16 under 2x2 windows with stride 2 and a border of padding; worked out by hand.</summary>
    [Theory]
    [InlineData(true, new[] { 0.25, 1.25, 1, 3.5, 8.5, 5, 3.25, 7.25, 4 })]
    [InlineData(false, new[] { 1, 2.5, 4, 7, 8.5, 10, 13, 14.5, 16 })]
    public void AveragesAtTheBorder(bool countIncludePad, double[] expected)
    {
        Pool2DShape shape =
            new(1, 4, 4, 2, 2) { PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1, CountIncludePad = countIncludePad };
        Assert.Equal(expected, Average(shape, 16));
    }

    /// <summary>What ceil mode adds behind the padding never counts, whatever count_include_pad says.</summary>
    [Theory]
    [InlineData(0, true, new[] { 2, 3.5 })]
    [InlineData(0, false, new[] { 2, 3.5 })]
    [InlineData(1, true, new[] { 2, 7 / 3.0 })]
    [InlineData(1, false, new[] { 2, 3.5 })]
    public void AverageOfTheLastPartialWindow(int padRight, bool countIncludePad, double[] expected)
    {
        Pool2DShape shape =
            new(1, 1, 4, 1, 3) { StrideW = 2, PadRight = padRight, CeilMode = true, CountIncludePad = countIncludePad };
        Assert.Equal(Array.ConvertAll(expected, e => double.CreateTruncating(T.CreateTruncating(e))), Average(shape, 4));
    }

    [Fact]
    public void DivisorOverrideDividesEveryWindow()
    {
        Pool2DShape shape = new(1, 4, 4, 2, 2) { PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1, DivisorOverride = 2 };
        Assert.Equal([0.5, 2.5, 2, 7, 17, 10, 6.5, 14.5, 8], Average(shape, 16));
    }

    /// <summary>5 columns to 3: 0-1, 1-3, 3-4, as PyTorch's AdaptiveAvgPool2d cuts them; and to one, the mean of all.</summary>
    [Theory]
    [InlineData(3, new[] { 1.5, 3, 4.5 })]
    [InlineData(1, new[] { 3.0 })]
    public void AdaptiveAverage(int windows, double[] expected) =>
        Assert.Equal(expected, Average(Pool2DShape.Adaptive(1, 1, 5, 1, windows), 5));

    /// <summary>Global pooling is the pooling with a window of the image's size, whichever way it is asked for.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GlobalAverage(SimdTier tier)
    {
        Tiers.Require(tier);
        const int Channels = 37;
        T[] x = new T[Channels * 49], y = new T[Channels], window = new T[Channels], dx = new T[x.Length],
            dxWindow = new T[x.Length];
        for (int i = 0; i < x.Length; i++)
            x[i] = T.CreateTruncating(Data.Mix(3, i) % 1000) / T.CreateTruncating(7);
        Pool2DPlan<T> adaptive = new(Pool2DShape.Adaptive(Channels, 7, 7, 1, 1), PoolKind.Average),
            whole = new(new(Channels, 7, 7, 7, 7), PoolKind.Average);
        adaptive.Forward(1, x, y, tier.Run());
        whole.Forward(1, x, window, tier.Run());
        Compare.Equal<T>(window, y, "global averages");
        adaptive.Backward(1, y, dx, tier.Run());
        whole.Backward(1, y, dxWindow, tier.Run());
        Compare.Equal<T>(dxWindow, dx, "their gradients");
    }

    /// <summary>One window a plane, of any size and with any values, forward and backward.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Global(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach ((int h, int w, int channels) in
            (ReadOnlySpan<(int, int, int)>)[(7, 7, 37), (1, 1, 16), (1, 2, 3), (3, 5, 17), (17, 16, 5), (4, 4, 32), (33, 9, 16)])
        {
            foreach (PoolKind kind in (ReadOnlySpan<PoolKind>)[PoolKind.Max, PoolKind.Average])
            {
                foreach (DataKind data in (ReadOnlySpan<DataKind>)[DataKind.Real, DataKind.Integers])
                {
                    PoolCase c = new(new(channels, h, w, h, w), kind, 2, LayoutKind.Nchw, LayoutKind.Nchw, data, 7 * h);
                    PoolProperties<T>.Forward(tier, c);
                    PoolProperties<T>.Backward(tier, c);
                    PoolProperties<T>.SameOnAnyThreadsAndBatch(tier, c);
                }
            }
        }
    }

    /// <summary>
    /// Images in lanes, of rows so long that they are taken in two blocks, of which the last one is smaller in every tier.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void BlocksOfImages(SimdTier tier)
    {
        Tiers.Require(tier);
        Pool2DShape shape = new(1, 3, 600, 2, 2) { StrideH = 1 };
        foreach (PoolKind kind in (PoolKind[])[PoolKind.Max, PoolKind.Average])
        {
            PoolCase c = new(shape, kind, 71, LayoutKind.SomeOfTheImages, LayoutKind.SomeOfTheImages, DataKind.Integers, 1);
            PoolProperties<T>.Forward(tier, c);
            PoolProperties<T>.Backward(tier, c);
        }
    }

    private static double[] Average(Pool2DShape shape, int pixels)
    {
        T[] x = [.. Enumerable.Range(1, pixels).Select(i => T.CreateTruncating(i))], y = new T[shape.P * shape.Q];
        T[] reference = new T[y.Length];
        ReferencePool2D.Forward<T>(shape, PoolKind.Average, 1, x, reference);
        foreach (SimdTier tier in SimdSupport.Available)
        {
            new Pool2DPlan<T>(shape, PoolKind.Average).Forward(1, x, y, tier.Run());
            Compare.Equal<T>(reference, y, $"the oracle in {tier}");
        }

        return Data.Widen<T>(y);
    }
}
