using System.Numerics;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class SetUpFaultFloatTests : SetUpFaultTests<float>;

public sealed class SetUpFaultDoubleTests : SetUpFaultTests<double>;

/// <summary>
/// Convolutions whose set-up once grew with the square of the phases, or with padding: the results of the ways that they take
/// now. What they cost is <see cref="SetUpTests"/>.
/// </summary>
public abstract class SetUpFaultTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Input gradients of many phases, and kernels far larger than what they are laid on.</summary>
    private static readonly Conv2DShape[] Shapes =
    [
        new(3, 24, 24, 5, 8, 8) { StrideH = 8, StrideW = 8 },
        new(3, 23, 26, 5, 8, 8) { StrideH = 8, StrideW = 8, PadTop = 3, PadLeft = 5, PadRight = 2, PadBottom = 4 },
        new(4, 37, 40, 6, 11, 9) { StrideH = 4, StrideW = 4, Groups = 2 },
        new(2, 30, 41, 3, 3, 5) { StrideH = 9, StrideW = 7, PadLeft = 6 },
        new(2, 40, 40, 3, 6, 6) { StrideH = 6, StrideW = 6, DilationH = 5, DilationW = 3 },
        new(2, 40, 40, 3, 6, 6) { StrideH = 6, StrideW = 6, DilationH = 4, DilationW = 4, PadTop = 2 },
        new(5, 40, 40, 5, 9, 9) { StrideH = 9, StrideW = 9, Groups = 5 },
        new(1, 20, 200, 2, 1, 70) { StrideW = 65 },
        new(3, 9, 9, 4, 9, 9),
        new(3, 12, 10, 4, 11, 9),
        new(2, 3, 2, 3, 25, 31) { PadTop = 24, PadBottom = 24, PadLeft = 30, PadRight = 30 },
        new(2, 2, 3, 3, 25, 31) { PadTop = 24, PadBottom = 20, PadLeft = 20, PadRight = 30, StrideH = 2, StrideW = 3 },
        new(2, 2, 5, 3, 3, 31)
        {
            PadTop = 8,
            PadBottom = 8,
            PadLeft = 70,
            PadRight = 80,
            DilationH = 5,
            DilationW = 4,
            StrideW = 2,
        },
        new(4, 2, 3, 4, 9, 31) { PadTop = 9, PadBottom = 8, PadLeft = 30, PadRight = 30, Groups = 4 },
        new(2, 29, 29, 2, 19, 19) { PadTop = 9, PadBottom = 9, PadLeft = 9, PadRight = 9 },
        new(4, 1, 9, 4, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1, Groups = 4 },
    ];

    public static TheoryData<SimdTier, ConvDirection> Passes
    {
        get
        {
            TheoryData<SimdTier, ConvDirection> passes = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                    passes.Add(tier, direction);
            }

            return passes;
        }
    }

    [SkippableTheory, MemberData(nameof(Passes))]
    public void ManyPhasesAndLargeKernelsAreRight(SimdTier tier, ConvDirection direction)
    {
        Tiers.Require(tier);
        LayoutKind[] layouts = Enum.GetValues<LayoutKind>();
        for (int i = 0; i < Shapes.Length; i++)
        {
            ConvCase c =
                new(Shapes[i], 1 + (i % 2), layouts[i % layouts.Length], layouts[i / 2 % layouts.Length], true, i % 3, i % 2 == 0,
                DataKind.Integers, i);
            ConvProperties<T>.MatchesReference(tier, direction, c);
            if (i % 4 == (int)direction)
                ConvProperties<T>.SameOnAnyThreads(tier, direction, c);
        }
    }

    [SkippableTheory, MemberData(nameof(Passes))]
    public void EachOfTheirElementsIsOneAscendingChain(SimdTier tier, ConvDirection direction)
    {
        Tiers.RequireFused(tier);
        for (int i = 0; i < Shapes.Length; i++)
        {
            LayoutKind input = (LayoutKind)(i % 2), output = (LayoutKind)(i / 2 % 2);
            ConvProperties<T>.EqualsChain(tier, direction, new(Shapes[i], 1, input, output, true, i % 2, true, DataKind.Real, i));
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TheirEpilogueFollowsTheSum(SimdTier tier)
    {
        Tiers.Require(tier);
        for (int i = 0; i < Shapes.Length; i++)
        {
            ConvProperties<T>.EpilogueFollowsTheSum(tier,
                new(Shapes[i], 2, LayoutKind.View, (LayoutKind)(i % 2), true, 0, false, DataKind.Integers, i));
        }
    }

    /// <summary>Biases and residuals of phases that are outputs of one product: the transposed convolution has both.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void BiasesOfManyPhases(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvTranspose2DPlan<T> plan = new(new(3, 4, 5, 6, 8, 7) { StrideH = 8, StrideW = 5, Groups = 3 });
        T[] x = Data.Make<T>(plan.InputLength(2), DataKind.Integers, 1), w = Data.Make<T>(3 * 2 * 8 * 7, DataKind.Integers, 2);
        T[] bias = Data.Make<T>(6, DataKind.Integers, 3), residual = Data.Make<T>(plan.OutputLength(2), DataKind.Integers, 4);
        T[] plain = new T[residual.Length], y = new T[residual.Length];
        plan.Forward(2, x, w, plain, default, tier.Run());
        plan.Forward(2, x, w, y, new() { Bias = bias, Residual = residual }, tier.Run(3));
        int plane = plan.Shape.P * plan.Shape.Q;
        Compare.Equal<T>([.. plain.Select((value, i) => value + bias[i / plane % 6] + residual[i])], y, "y");
    }

    /// <summary>Dilation and padding of 10^8 once took a strip of 800 MB for 8 pixels, and of 10^9 none at all.</summary>
    [SkippableTheory, MemberData(nameof(Passes))]
    public void PaddingTakesNoScratch(SimdTier tier, ConvDirection direction)
    {
        Tiers.Require(tier);
        foreach (int reach in (int[])[100_000_000, 1_000_000_000])
        {
            foreach (int groups in (int[])[1, 2])
            {
                // Three outputs for one input channel are dense, one for each is depthwise.
                Conv2DShape wide = new(groups, 1, 8, groups == 1 ? 3 : 2, 1, 3)
                {
                    DilationW = reach,
                    PadLeft = reach,
                    PadRight = reach,
                    Groups = groups,
                };
                Conv2DShape tall =
                    new(groups, 8, 1, wide.K, 3, 1) { DilationH = reach, PadTop = reach, PadBottom = reach, Groups = groups };
                foreach (Conv2DShape shape in (Conv2DShape[])[wide, tall])
                {
                    Assert.InRange(new Conv2DPlan<T>(shape).WorkspaceBytes(direction, 2, tier.Run()), 0, 1 << 20);
                    ConvProperties<T>.MatchesReference(tier, direction,
                        new(shape, 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 1, true, DataKind.Integers, 1));
                }
            }
        }
    }

    /// <summary>Where windows are few and the kernel is large, col2im goes tap by tap.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ColumnsOfLargeKernels(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Conv2DShape shape in (Conv2DShape[])
        [
            new(2, 5, 300, 1, 3, 299),
            new(1, 3, 400, 1, 2, 301) { StrideW = 2, PadLeft = 3 },
            new(2, 4, 350, 1, 2, 120) { PadTop = 1, DilationW = 2, StrideW = 60 },
            new(1, 2, 900, 1, 2, 880) { StrideW = 7, PadRight = 5 },
            new(1, 2, 600, 1, 2, 560) { StrideW = 3, PadLeft = 4, PadRight = 4 },
        ])
        {
            ConvCase c = new(shape, 2, LayoutKind.Nchw, LayoutKind.Nchw, false, 0, false, DataKind.Integers, 1);
            Im2ColProperties<T>.Unfold(tier, c);
            Im2ColProperties<T>.Fold(tier, c);
        }
    }

    /// <summary>ViT's patches: the plan once allocated 610 MB of tables, one set for each of 1024 phases.</summary>
    [Fact]
    public void PatchesOf32AreAFewGrids() =>
        Assert.InRange(
            Allocated(new(3, 224, 224, 64, 32, 32) { StrideH = 32, StrideW = 32 }, ConvDirection.InputGradient), 0, 2 << 20);

    private static long Allocated(Conv2DShape shape, ConvDirection direction) => SetUpTests.Allocated(shape, direction);

    /// <summary>Kernels of 61x61 on 64x64 once had weights packed and tables made for each row of the output: 408 MB.</summary>
    [Theory]
    [InlineData(ConvDirection.Forward)]
    [InlineData(ConvDirection.InputGradient)]
    public void KernelsOf61ArePackedAFewTimes(ConvDirection direction)
    {
        Conv2DShape shape = new Conv2DShape(4, 64, 64, 8, 61, 61).WithPadding(30, 30);
        Assert.InRange(Allocated(shape, direction), 0, 4 << 20);
    }
}
