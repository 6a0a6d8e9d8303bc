using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Loops;
using SimdConv.Packing;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class StrategyFloatTests : StrategyTests<float>;

public sealed class StrategyDoubleTests : StrategyTests<double>;

/// <summary>
/// Every strategy of a dense convolution with every tile that suits a shape, and not only the one that costs least, gives the
/// bits of the scalar chain.
/// </summary>
public abstract class StrategyTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Cases = 30;

    /// <summary>
    /// Every strategy suits one of these, whatever the generated cases are: kernels for sliding tiles, and rows of a batch that
    /// are as short as any register.
    /// </summary>
    private static readonly Conv2DShape[] Shapes =
    [
        new Conv2DShape(3, 6, 20, 5, 3, 3).WithPadding(1, 1),
        new Conv2DShape(2, 6, 9, 3, 5, 5).WithPadding(2, 2),
        new Conv2DShape(4, 3, 1, 2, 1, 1),
    ];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EachGivesTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        HashSet<string> met = [];
        Properties.Check(tier, ConvCases.Any(), Cases, c => CheckAll(tier, new(c), met));
        foreach (Conv2DShape shape in Shapes)
        {
            CheckAll(tier, new(new(shape, 3, LayoutKind.Nchw, LayoutKind.Nchw, true, 0.5, true, DataKind.Real, 1)), met);
        }

        foreach (string way in
            (string[])["output channels in lanes", "sliding", "rows in lanes", "positions in lanes", "together"])
            Assert.True(met.Contains(way), $"no case for {way}: {string.Join(", ", met)}");
    }

    private static void CheckAll(SimdTier tier, ConvRun<T> run, HashSet<string> met)
    {
        CheckAll(tier, run, ConvDirection.Forward, met);
        CheckAll(tier, run, ConvDirection.InputGradient, met);
    }

    private static void CheckAll(SimdTier tier, ConvRun<T> run, ConvDirection direction, HashSet<string> met)
    {
        T[] expected = Expected(tier, run, direction);
        int count = 1;
        for (int i = 0; i < count; i++)
        {
            int number = i;
            DensePass<T> pass = Pass(tier, run, direction, candidates =>
            {
                count = Math.Max(count, candidates.Count);
                return candidates[number % candidates.Count];
            });
            foreach (ConvStrategy strategy in pass.Strategies)
            {
                met.Add(strategy.Name);
                if (strategy.Tile.Slides > 0)
                    met.Add("sliding");
                if (strategy.Together > 1 && run.Case.Batch > 1)
                    met.Add("together");
            }

            Compare.Equal<T>(expected, Execute(pass, run, direction, tier.Run(1 + (number % 3))),
                $"{direction} in {tier} by {pass}");
        }
    }

    /// <summary>The pass of a plan with a strategy of the test's choice for each grid.</summary>
    private static DensePass<T> Pass(
        SimdTier tier, ConvRun<T> run, ConvDirection direction, Func<List<ConvStrategy>, ConvStrategy> choose)
    {
        Conv2DShape s = run.Case.Shape;
        ImageLayout x = Inputs(run).Layout, y = Outputs(run).Layout;
        (ImageLayout source, ImageLayout target) = direction == ConvDirection.Forward ? (x, y) : (y, x);
        return TierLoops<T>.For(tier).Dense(
            s, direction, TapGrid.Of(s, direction, UnseenTaps.LeftOut), source, target, choose);
    }

    private static PlanImages Inputs(ConvRun<T> run) =>
        new(run.Plan.InputLayout, run.Case.Shape.C, run.Case.Shape.H, run.Case.Shape.W, "input", isOutput: false);

    private static PlanImages Outputs(ConvRun<T> run) =>
        new(run.Plan.OutputLayout, run.Case.Shape.K, run.Case.Shape.P, run.Case.Shape.Q, "output", isOutput: false);

    /// <summary>The chain, after it the residual and the activation of the forward pass.</summary>
    private static T[] Expected(SimdTier tier, ConvRun<T> run, ConvDirection direction)
    {
        ConvCase c = run.Case;
        if (direction == ConvDirection.InputGradient)
            return ConvChain.InputGradient(c.Shape, c.Batch, run.Dy, run.W, run.DxBefore, run.Beta);
        T[] y = ConvChain.Forward(c.Shape, c.Batch, run.X, run.W, run.Bias);
        for (int i = 0; i < y.Length && !AddsLast(c); i++)
            y[i] += run.Residual[i];
        SimdConv.Elementwise.Relu<T>(y, y, tier.Run());
        for (int i = 0; i < y.Length && AddsLast(c); i++)
            y[i] += run.Residual[i];
        return y;
    }

    /// <summary>Whether the residual of a case comes after the activation.</summary>
    private static bool AddsLast(ConvCase c) => c.Seed % 2 == 0;

    private static unsafe T[] Execute(DensePass<T> pass, ConvRun<T> run, ConvDirection direction, Execution execution)
    {
        ConvCase c = run.Case;
        Conv2DShape s = c.Shape;
        bool isForward = direction == ConvDirection.Forward;
        PlanImages inputs = Inputs(run), outputs = Outputs(run);
        StridedImage<T> x = new(c.Input, c.Batch, s.C, s.H, s.W), y = new(c.Output, c.Batch, s.K, s.P, s.Q);
        StridedImage<T> residual = new(c.Output, c.Batch, s.K, s.P, s.Q), source = isForward ? x : y, target = isForward ? y : x;
        source.Unpack(isForward ? run.X : run.Dy);
        residual.Unpack(run.Residual);
        if (!isForward && run.Beta != T.Zero)
            target.Unpack(run.DxBefore);
        bool packs = c.Packed || !pass.ReadsWeights(c.Batch);
        AlignedArray<T> filter = new(packs ? pass.FilterSize : 0);
        fixed (T* ps = source.Data, pt = target.Data, pr = residual.Data, pw = run.W, pb = run.Bias, panels = filter)
        {
            Finish<T> finish = Finish<T>.Of(isForward ? Activation.Relu : Activation.None, null, null, null, null);
            finish.Residual = isForward ? pr : null;
            finish.AddsResidualLast = AddsLast(c);
            ConvProblem<T> problem = new()
            {
                Batch = c.Batch,
                Groups = s.Groups,
                Source = ps,
                SourceLayout = (isForward ? inputs : outputs).Of(c.Batch),
                Target = pt,
                TargetLayout = (isForward ? outputs : inputs).Of(c.Batch),
                Filter = panels,
                RawFilter = new() { Weights = pw, Shape = s, Direction = direction },
                Bias = isForward ? pb : null,
                Beta = isForward ? T.Zero : run.Beta,
                Finish = finish,
            };
            if (packs)
                pass.Pack(pw, panels, execution);
            pass.Run(problem, execution);
        }

        target.RequireGapsUntouched(isForward ? "y" : "dx");
        return target.Pack();
    }
}
