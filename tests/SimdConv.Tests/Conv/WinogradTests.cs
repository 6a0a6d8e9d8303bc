using System.Collections.Concurrent;
using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Conv;

public sealed class WinogradFloatTests(ITestOutputHelper output) : WinogradTests<float>(output);

public sealed class WinogradDoubleTests(ITestOutputHelper output) : WinogradTests<double>(output);

/// <summary>The forward pass and the input gradient of plans that were asked for Winograd's algorithm.</summary>
public abstract class WinogradTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly ConvDirection[] Directions = [ConvDirection.Forward, ConvDirection.InputGradient];

    /// <summary>
    /// More than one block of tiles, of different sizes too, of filter panels, and of images; rows of tiles longer and shorter
    /// than a register; output channels in lanes, with a rest.
    /// </summary>
    private static readonly (Conv2DShape Shape, int Batch)[] Layers =
    [
        (new Conv2DShape(64, 30, 29, 33, 3, 3).WithPadding(1, 1), 1),
        (new Conv2DShape(70, 7, 7, 150, 3, 3).WithPadding(1, 1), 9),
        (new Conv2DShape(6, 9, 150, 34, 3, 3) { Groups = 2, PadTop = 3, PadLeft = 6, PadRight = 1 }, 2),
        (new Conv2DShape(300, 5, 6, 16, 3, 3), 1),
        (new Conv2DShape(2, 9, 9, 134, 3, 3) { Groups = 2 }, 5),
        (new Conv2DShape(64, 40, 32, 28, 3, 3).WithPadding(1, 1), 1),
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
                tier, ConvCases.Winograd(algorithm), 150, c => Check(tier, direction, c), Adapt(algorithm)));
        output.WriteLine($"Worst error: {worst:G4} of its bound");
    }

    [SkippableTheory, MemberData(nameof(TiersAndAlgorithms))]
    public void LayersStayWithinTheirBoundOnAnyThreads(SimdTier tier, ConvAlgorithm algorithm)
    {
        Tiers.Require(tier);
        foreach ((int i, (Conv2DShape shape, int batch)) in Layers.Index())
        {
            ConvCase c = new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true, DataKind.Real, shape.C)
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
            Properties.Check(tier, ConvCases.Winograd(algorithm), 60, c =>
            {
                ConvProperties<T>.SameOnAnyThreads(tier, direction, c);
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
            ConvCase c = any with { Data = DataKind.Integers, Beta = 1 }, direct = c with { Algorithm = ConvAlgorithm.Direct };
            foreach (ConvDirection direction in Directions)
            {
                T[] expected = ConvProperties<T>.Execute(new ConvRun<T>(direct), direction, tier.Run());
                Compare.Equal<T>(expected, ConvProperties<T>.Execute(new ConvRun<T>(c), direction, tier.Run()), $"{direction}");
            }
        }, Adapt(ConvAlgorithm.WinogradF2));
    }

    /// <summary>
    /// Whatever Winograd's algorithm doesn't change is as in a direct plan, and a plan is direct unless it is asked for another
    /// algorithm.
    /// </summary>
    [Fact]
    public void OtherPassesAndPlansAreUntouched()
    {
        ConvCase c = new(new Conv2DShape(5, 12, 13, 6, 3, 3).WithPadding(1, 1), 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 0,
            true, DataKind.Real, 5);
        ConvRun<T> direct = new(c), winograd = new(c with { Algorithm = ConvAlgorithm.WinogradF4 });
        Assert.Equal(ConvAlgorithm.Direct, new Conv2DPlan<T>(c.Shape).ConvAlgorithm);
        Assert.Equal(ConvAlgorithm.WinogradF4, winograd.Plan.ConvAlgorithm);
        Assert.Contains("Winograd F(4x4, 3x3)", winograd.Plan.Algorithm(ConvDirection.Forward), StringComparison.Ordinal);
        Assert.DoesNotContain("Winograd", direct.Plan.Algorithm(ConvDirection.Forward), StringComparison.Ordinal);
        Compare.Equal<T>(direct.WeightGradient(default).Weights, winograd.WeightGradient(default).Weights, "dw");
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
        int channels = (direction == ConvDirection.Forward ? s.C : s.K) / s.Groups;
        return Compare.WithinBound<T>(exact, gauge, actual, channels + WinogradBound.Steps - 2, $"{direction}");
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

        double[] dx = Data.Widen<T>(run.DxBefore), before = Data.Absolute(dx), dy = Data.Widen<T>(run.Dy);
        double beta = double.CreateTruncating(run.Beta);
        ReferenceConv2D.InputGradient<double>(s, c.Batch, dy, w, dx, beta);
        double[] dxGauge = WinogradBound.InputGradient(s, c.Batch, dy, w, c.Algorithm);
        for (int i = 0; i < dxGauge.Length; i++)
            dxGauge[i] += beta * before[i];
        return (dx, dxGauge);
    }
}
