using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

/// <summary>Sizes that were compared where a meaning was meant, and numbers near 2^31 that wrapped.</summary>
public sealed class ArithmeticFaultTests
{
    private static readonly Conv2DShape Strided = new(1, 2, 1, 8, 1, 1) { StrideH = 2, PadBottom = 2 };

    /// <summary>The output is as large as the input, and yet each row but the first lies over padding.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PointwiseKernelOfStride2WithEndPaddingIsNoProductOfMatrices(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DPlan<float> plan = new(Strided);
        float[] y = new float[16], dx = new float[2];
        plan.Forward(1, [3, 5], [1, 2, 3, 4, 5, 6, 7, 8], y, default, tier.Run());
        Assert.Equal([3, 0, 6, 0, 9, 0, 12, 0, 15, 0, 18, 0, 21, 0, 24, 0], y);
        plan.InputGradient(1, y, [1, 2, 3, 4, 5, 6, 7, 8], dx, 0, tier.Run());
        Assert.Equal([3 * 204, 0], dx);
        Assert.DoesNotContain("product", plan.Algorithm(ConvDirection.Forward, tier.Run()), StringComparison.Ordinal);
    }

    /// <summary>Every 1x1 convolution whose output is as large as its input, by whatever strides and padding.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PointwiseKernelsWithOutputsAsLargeAsTheirInputs(SimdTier tier)
    {
        Tiers.Require(tier);
        int cases = 0;
        for (int i = 0; i < 4 * 4 * 3 * 3 * 3 * 3 * 3 * 3; i++)
        {
            Conv2DShape shape = new(2, 1 + (i % 4), 1 + (i / 4 % 4), 8, 1, 1)
            {
                StrideH = 1 + (i / 16 % 3),
                StrideW = 1 + (i / 48 % 3),
                PadTop = i / 144 % 3,
                PadLeft = i / 432 % 3,
                PadBottom = i / 1296 % 3,
                PadRight = i / 3888 % 3,
            };
            if ((shape.P, shape.Q) != (shape.H, shape.W))
                continue;
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                ConvProperties<float>.MatchesReference(tier, direction,
                    new(shape, 1, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, false, DataKind.Integers, cases++));
        }

        Assert.InRange(cases, 500, int.MaxValue);
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void StridesNearTheLimitOfInt32(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int stride in (int[])[(1 << 30) + 1, 1_500_000_000, int.MaxValue - 7, int.MaxValue])
        {
            foreach (Conv2DShape shape in (Conv2DShape[])
                [new(3, 8, 8, 4, 3, 3), new(4, 8, 8, 4, 3, 3) { Groups = 2 }, new(4, 8, 8, 4, 3, 3) { Groups = 4 },
                    new Conv2DShape(3, 8, 8, 4, 3, 3).WithPadding(2, 1)])
            {
                ConvCase c = new(shape with { StrideH = stride, StrideW = stride }, 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 0,
                    false, DataKind.Integers, 3);
                foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                    ConvProperties<float>.MatchesReference(tier, direction, c);
                Im2ColProperties<float>.Unfold(tier, c);
                Im2ColProperties<float>.Fold(tier, c);
            }
        }
    }

    /// <summary>Three million output channels on 4096 threads: panels of weights times shares of them exceed 2^31.</summary>
    [Fact]
    public void PanelsTimesSharesAreCountedIn64Bits()
    {
        const int K = 3_000_000;
        Conv2DPlan<float> plan = new(new Conv2DShape(1, 2, 2, K, 3, 3).WithPadding(1, 1));
        float[] weights = Data.Filled(9L * K, 1f), y = Data.Filled(4L * K, float.NaN);
        plan.Forward(1, [1, 2, 3, 4], weights, y, default, new Execution(4096));
        Assert.Equal(-1, y.AsSpan().IndexOfAnyExcept(10f));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void DepthwiseOnABillionThreads(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvCase c = new(new Conv2DShape(64, 32, 32, 64, 3, 3) { Groups = 64 }.WithPadding(1, 1), 2, LayoutKind.Nchw,
            LayoutKind.Nchw, true, 0, false, DataKind.Real, 5);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            Compare.Equal<float>(ConvProperties<float>.Execute(new(c), direction, tier.Run()),
                ConvProperties<float>.Execute(new(c), direction, tier.Run(1 << 30)),
                $"{direction} on 2^30 threads");
        }
    }

    /// <summary>Threads are limited before anything is multiplied by them.</summary>
    [Fact]
    public void WorkspaceOfMoreThreadsThanTheMostIsThatOfTheMost()
    {
        Conv2DPlan<float> plan = new(new Conv2DShape(16, 14, 14, 32, 3, 3).WithPadding(1, 1));
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            Assert.Equal(plan.WorkspaceBytes(direction, 1, new(1024)), plan.WorkspaceBytes(direction, 1, new(int.MaxValue)));
    }

    /// <summary>
    /// As PyTorch's conv_transpose2d(x, w, output_padding=1, dilation=2): the last row and column hold no product.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void OutputPaddingBelowTheDilation(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvTranspose2DShape shape =
            new(1, 1, 1, 1, 2, 2) { DilationH = 2, DilationW = 2, OutputPaddingH = 1, OutputPaddingW = 1 };
        shape.Validate();
        Assert.Equal((4, 4), (shape.P, shape.Q));
        ConvTranspose2DPlan<float> plan = new(shape);
        float[] y = Data.Filled(16, float.NaN), dx = [float.NaN], dw = new float[4];
        plan.Forward(1, [3], [1, 2, 3, 4], y, new() { Bias = [0.5f] }, tier.Run());
        Assert.Equal([3.5f, 0.5f, 6.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 9.5f, 0.5f, 12.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f], y);
        float[] dy = [.. Enumerable.Range(0, 16).Select(i => (float)i)];
        plan.InputGradient(1, dy, [1, 2, 3, 4], dx, 0, tier.Run());
        Assert.Equal([0 + (2 * 2) + (3 * 8) + (4 * 10)], dx);
        plan.WeightGradient(1, [3], dy, dw, 0, tier.Run());
        Assert.Equal([0, 6, 24, 30], dw);
    }
}
