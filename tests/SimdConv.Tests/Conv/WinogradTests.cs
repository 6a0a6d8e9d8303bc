using System.Collections.Concurrent;
using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Conv;

public sealed class WinogradFloatTests(ITestOutputHelper output) : WinogradTests<float>(output);

public sealed class WinogradDoubleTests(ITestOutputHelper output) : WinogradTests<double>(output);

/// <summary>The passes of plans that were asked for Winograd's algorithm.</summary>
public abstract class WinogradTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly ConvDirection[] Directions = Enum.GetValues<ConvDirection>();

    /// <summary>
    /// More than one block of tiles, of different sizes too, of filter panels, and of images; rows of tiles longer and shorter
    /// than a register; output channels in lanes, with a rest; images in lanes, in several blocks; kernels of 5x5.
    /// </summary>
    private static readonly (Conv2DShape Shape, int Batch, LayoutKind Layout)[] Layers =
    [
        (new Conv2DShape(64, 30, 29, 33, 3, 3).WithPadding(1, 1), 1, LayoutKind.Nchw),
        (new Conv2DShape(70, 7, 7, 150, 3, 3).WithPadding(1, 1), 9, LayoutKind.Nchw),
        (new Conv2DShape(6, 9, 150, 34, 3, 3) { Groups = 2, PadTop = 3, PadLeft = 6, PadRight = 1 }, 2, LayoutKind.Nchw),
        (new Conv2DShape(300, 5, 6, 16, 3, 3), 1, LayoutKind.Nchw),
        (new Conv2DShape(2, 9, 9, 134, 3, 3) { Groups = 2 }, 5, LayoutKind.Nchw),
        (new Conv2DShape(64, 40, 32, 28, 3, 3).WithPadding(1, 1), 1, LayoutKind.Nchw),
        (new Conv2DShape(6, 14, 14, 16, 5, 5), 3, LayoutKind.Nchw),
        (new Conv2DShape(20, 11, 23, 18, 5, 5) { Groups = 2, PadTop = 4, PadLeft = 1, PadRight = 6 }, 2, LayoutKind.Nhwc),
        (new Conv2DShape(6, 14, 14, 16, 5, 5), 37, LayoutKind.SomeOfTheImages),
        (new Conv2DShape(4, 7, 10, 34, 5, 5) { Groups = 2, PadTop = 2, PadLeft = 5, PadBottom = 1 }, 132,
            LayoutKind.SomeOfTheImages),
        (new Conv2DShape(20, 9, 11, 17, 3, 3).WithPadding(1, 1), 35, LayoutKind.SomeOfTheImages),
    ];

    /// <summary>Of each layer, the same for every tier.</summary>
    private static readonly ConcurrentDictionary<(ConvAlgorithm, ConvDirection, int),
        (double[] Exact, double[] Gauge)> Expectations = new();

    public static TheoryData<SimdTier, ConvAlgorithm> TiersAndAlgorithms
    {
        get
        {
            TheoryData<SimdTier, ConvAlgorithm> rows = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                rows.Add(tier, ConvAlgorithm.WinogradF2);
                rows.Add(tier, ConvAlgorithm.WinogradF4);
            }

            return rows;
        }
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void StaysWithinItsBound(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        double worst = 0;
        foreach (ConvDirection direction in Directions)
            worst = Math.Max(worst, Properties.Worst(
                tier, ConvCases.Winograd(algorithm), 120, c => Check(tier, direction, c), Adapt(algorithm)));
        output.WriteLine($"Worst error: {worst:G4} of its bound");
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void LayersStayWithinTheirBoundOnAnyThreads(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        foreach ((int i, (Conv2DShape shape, int batch, LayoutKind layout)) in Layers.Index())
        {
            if (shape.R == 5 && algorithm == ConvAlgorithm.WinogradF4)
                continue;
            ConvCase c = new(shape, batch, layout, layout, true, 0, true, DataKind.Real, shape.C)
            {
                Algorithm = algorithm,
            };
            ConvRun<T> run = new(c);
            foreach (ConvDirection direction in Directions)
            {
                T[] actual = ConvProperties<T>.Execute(run, direction, tier.Run());
                (double[] exact, double[] gauge) = Expectations.GetOrAdd((algorithm, direction, i), _ => Expect(run, direction));
                Check(run, direction, exact, gauge, actual);
                foreach (int threads in (int[])[2, 3])
                    Compare.Equal<T>(actual, ConvProperties<T>.Execute(run, direction, tier.Run(threads)),
                        $"{direction} on {threads} threads");
                if (direction != ConvDirection.WeightGradient)
                    ConvProperties<T>.SameAtAnyBatch(tier, direction, c with { Batch = Math.Min(batch, 2) });
            }
        }
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void SameOnAnyThreadsAndAtAnyBatchSize(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        foreach (ConvDirection direction in Directions)
        {
            Properties.Check(tier, ConvCases.Winograd(algorithm), 50, c =>
            {
                ConvProperties<T>.SameOnAnyThreads(tier, direction, c);
                if (direction != ConvDirection.WeightGradient)
                    ConvProperties<T>.SameAtAnyBatch(tier, direction, c);
            }, Adapt(algorithm));
        }
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void EpilogueFollowsTheSum(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Winograd(algorithm), 60, c => ConvProperties<T>.EpilogueFollowsTheSum(tier, c),
            Adapt(algorithm));
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void TiersThatFuseAgree(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.RequireFused(tier);
        SimdTier other = SimdSupport.Available.First(SimdSupport.Fuses);
        foreach (ConvDirection direction in Directions)
        {
            Properties.Check(tier, ConvCases.Winograd(algorithm), 60, c =>
            {
                ConvRun<T> run = new(c);
                Compare.Equal<T>(ConvProperties<T>.Execute(run, direction, other.Run()),
                    ConvProperties<T>.Execute(run, direction, tier.Run()), $"{direction} in {other}");
            }, Adapt(algorithm));
        }
    }

    /// <summary>Halves and quarters of small integers are exact, so no tile of F(2x2, 3x3) rounds.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void IntegersAreExactInTilesOfTwo(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Winograd(ConvAlgorithm.WinogradF2), 150, any =>
        {
            Conv2DShape shape = any.Shape with { R = 3, S = 3 };
            ConvCase c = any with { Shape = shape, Data = DataKind.Integers, Beta = 1 };
            ConvCase direct = c with { Algorithm = ConvAlgorithm.Direct };
            foreach (ConvDirection direction in Directions)
            {
                T[] expected = ConvProperties<T>.Execute(new ConvRun<T>(direct), direction, tier.Run());
                Compare.Equal<T>(expected, ConvProperties<T>.Execute(new ConvRun<T>(c), direction, tier.Run()), $"{direction}");
            }
        }, Adapt(ConvAlgorithm.WinogradF2));
    }

    /// <summary>The bias gradient is that of a direct plan, and a plan is direct unless it is asked for another algorithm.
    /// </summary>
    [Fact]
    public void BiasGradientsAndOtherPlansAreUntouched()
    {
        ConvCase c = new(new Conv2DShape(5, 12, 13, 6, 3, 3).WithPadding(1, 1), 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 0,
            true, DataKind.Real, 5);
        ConvRun<T> direct = new(c), winograd = new(c with { Algorithm = ConvAlgorithm.WinogradF4 });
        Assert.Equal(ConvAlgorithm.Direct, new Conv2DPlan<T>(c.Shape).ConvAlgorithm);
        Assert.Equal(ConvAlgorithm.WinogradF4, winograd.Plan.ConvAlgorithm);
        foreach (ConvDirection direction in Directions)
        {
            Assert.Contains("Winograd F(4x4, 3x3)", winograd.Plan.Algorithm(direction), StringComparison.Ordinal);
            Assert.DoesNotContain("Winograd", direct.Plan.Algorithm(direction), StringComparison.Ordinal);
        }

        Compare.Equal<T>(direct.WeightGradient(default).Bias, winograd.WeightGradient(default).Bias, "db");
        Compare.Equal<T>(direct.BiasGradient(default), winograd.BiasGradient(default), "db alone");
        Assert.Equal(direct.Plan.ReductionOrder(9), winograd.Plan.ReductionOrder(9));
    }

    /// <summary>Winograd is one of the other algorithms, by the shape; any shape has one, with the bits of that one.</summary>
    [Theory]
    [InlineData(64, 56, 64, 3, 1, 1, ConvAlgorithm.WinogradF4)]
    [InlineData(256, 14, 256, 3, 1, 1, ConvAlgorithm.WinogradF4)]
    [InlineData(64, 7, 64, 3, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(64, 8, 64, 3, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(64, 9, 64, 3, 1, 1, ConvAlgorithm.WinogradF4)]
    [InlineData(512, 3, 512, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(512, 3, 256, 3, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(512, 3, 257, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(240, 5, 240, 5, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(256, 5, 256, 5, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(256, 9, 256, 5, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(16, 14, 16, 3, 1, 1, ConvAlgorithm.WinogradF4)]
    [InlineData(15, 14, 16, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(16, 14, 15, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(32, 14, 32, 3, 1, 2, ConvAlgorithm.WinogradF4)]
    [InlineData(1024, 3, 512, 3, 1, 2, ConvAlgorithm.Direct)]
    [InlineData(32, 14, 32, 5, 1, 1, ConvAlgorithm.WinogradF2)]
    [InlineData(3, 56, 64, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(64, 14, 8, 3, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(64, 14, 64, 3, 2, 1, ConvAlgorithm.Direct)]
    [InlineData(64, 14, 64, 1, 1, 1, ConvAlgorithm.Direct)]
    [InlineData(64, 14, 64, 3, 1, 64, ConvAlgorithm.Direct)]
    public void WinogradIsChosenByTheShape(int c, int size, int k, int kernel, int stride, int groups, ConvAlgorithm expected)
    {
        Conv2DShape shape = new Conv2DShape(c, size, size, k, kernel, kernel)
        {
            StrideH = stride,
            StrideW = stride,
            Groups = groups,
        }.WithPadding(kernel / 2, kernel / 2);
        ConvCase one = new(shape, 1, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true, DataKind.Real, 5);
        ConvRun<T> chosen = new(one with { Algorithm = ConvAlgorithm.Winograd });
        Assert.Equal(expected, chosen.Plan.ConvAlgorithm);
        Compare.Equal<T>(new ConvRun<T>(one with { Algorithm = expected }).Forward(default), chosen.Forward(default), "y");
    }

    /// <summary>Makes a permanent case one for the algorithm.</summary>
    private static Func<ConvCase, ConvCase> Adapt(ConvAlgorithm algorithm) => c => ConvCases.AdaptTo(c, algorithm);

    private static double Check(SimdTier tier, ConvDirection direction, ConvCase c)
    {
        ConvRun<T> run = new(c);
        (double[] exact, double[] gauge) = Expect(run, direction);
        return Check(run, direction, exact, gauge, ConvProperties<T>.Execute(run, direction, tier.Run()));
    }

    private static double Check(ConvRun<T> run, ConvDirection direction, double[] exact, double[] gauge, T[] actual)
    {
        Conv2DShape s = run.Case.Shape;
        int m = run.Case.Algorithm == ConvAlgorithm.WinogradF2 ? 2 : 4, tiles = (s.P + m - 1) / m * ((s.Q + m - 1) / m);
        int terms = direction switch
        {
            ConvDirection.Forward => s.C / s.Groups,
            ConvDirection.InputGradient => s.K / s.Groups,
            _ => run.Case.Batch * tiles,
        };
        return Compare.WithinBound<T>(
            exact, gauge, actual.AsSpan(0, exact.Length), terms + WinogradBound.Steps - 2, $"{direction}");
    }

    private static (double[] Exact, double[] Gauge) Expect(ConvRun<T> run, ConvDirection direction)
    {
        ConvCase c = run.Case;
        Conv2DShape s = c.Shape;
        double[] w = Data.Widen<T>(run.W);
        if (direction == ConvDirection.Forward)
        {
            double[] x = Data.Widen<T>(run.X), bias = Data.Widen<T>(run.Bias), y = new double[run.Dy.Length];
            ReferenceConv2D.Forward<double>(s, c.Batch, x, w, bias, y);
            double[] gauge = WinogradBound.Forward(s, c.Batch, x, w, c.Algorithm);
            for (int i = 0; i < gauge.Length && c.Bias; i++)
                gauge[i] += Math.Abs(bias[i / (s.P * s.Q) % s.K]);
            return (y, gauge);
        }

        if (direction == ConvDirection.WeightGradient)
            return ExpectWeights(run);
        double[] dx = Data.Widen<T>(run.DxBefore), before = Data.Absolute(dx), dy = Data.Widen<T>(run.Dy);
        double beta = double.CreateTruncating(run.Beta);
        ReferenceConv2D.InputGradient<double>(s, c.Batch, dy, w, dx, beta);
        double[] dxGauge = run.Plan.Algorithm(ConvDirection.InputGradient).Contains("transposed", StringComparison.Ordinal)
            ? WinogradBound.TransposedInputGradient(s, c.Batch, dy, w, c.Algorithm)
            : WinogradBound.InputGradient(s, c.Batch, dy, w, c.Algorithm);
        for (int i = 0; i < dxGauge.Length; i++)
            dxGauge[i] += beta * before[i];
        return (dx, dxGauge);
    }

    /// <summary>The weight gradient alone: that of the bias is the sum of direct plans.</summary>
    private static (double[] Exact, double[] Gauge) ExpectWeights(ConvRun<T> run)
    {
        ConvCase c = run.Case;
        double[] x = Data.Widen<T>(run.X), dy = Data.Widen<T>(run.Dy), dw = Data.Widen<T>(run.DwBefore);
        double beta = double.CreateTruncating(run.Beta);
        double[] gauge = WinogradBound.WeightGradient(c.Shape, c.Batch, x, dy, c.Algorithm);
        for (int i = 0; i < gauge.Length; i++)
            gauge[i] += beta * Math.Abs(dw[i]);
        ReferenceConv2D.WeightGradient<double>(c.Shape, c.Batch, x, dy, dw, [], beta);
        return (dw, gauge);
    }
}
