using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Loops;
using SimdConv.Packing;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Fuzz;

/// <summary>A dense layer by a strategy that the plan needn't have chosen, weights packed beforehand.</summary>
internal sealed unsafe class StrategyContestant : Contestant
{
    private readonly DensePass<float> pass;
    private readonly ConvOperands<float> operands;
    private readonly NativeArray<float> panels, x, y;
    private readonly ImageLayout source, target;

    private StrategyContestant(DensePass<float> pass, ConvOperands<float> operands, ImageLayout source, ImageLayout target)
        : base(pass.ToString()!)
    {
        (this.pass, this.operands, this.source, this.target) = (pass, operands, source, target);
        panels = new(Math.Max(1, pass.FilterSize));
        (x, y) = (operands.OwnX, operands.NewY());
        pass.Pack(operands.W.Pointer, panels.Pointer, default);
    }

    /// <summary>The layer by each strategy that suits it, or by none where it isn't run as a dense one.</summary>
    public static IReadOnlyList<StrategyContestant> All(ConvOperands<float> operands)
    {
        Conv2DShape shape = operands.Shape;
        if (shape.Groups > 1 && shape.Groups == shape.C)
            return [];
        PlanImages inputs = new(ImageLayout.Nchw(shape.C, shape.H, shape.W), shape.C, shape.H, shape.W, "input", isOutput: false),
            outputs = new(ImageLayout.Nchw(shape.K, shape.P, shape.Q), shape.K, shape.P, shape.Q, "output", isOutput: false);
        List<StrategyContestant> all = [];
        int count = 1;
        for (int i = 0; i < count; i++)
        {
            int number = i;
            DensePass<float> pass = TierLoops<float>.For(SimdSupport.Best).Dense(shape, ConvDirection.Forward,
                TapGrid.Of(shape, ConvDirection.Forward, UnseenTaps.LeftOut), inputs.Layout, outputs.Layout, candidates =>
                {
                    count = candidates.Count;
                    return candidates[number];
                });
            all.Add(new(pass, operands, inputs.Of(operands.Batch), outputs.Of(operands.Batch)));
        }

        return all;
    }

    public override IReadOnlyList<NativeArray> Results() => [y];

    protected override void Call()
    {
        ConvProblem<float> problem = new()
        {
            Batch = operands.Batch,
            Groups = operands.Shape.Groups,
            Source = x.Pointer,
            SourceLayout = source,
            Target = y.Pointer,
            TargetLayout = target,
            Filter = panels.Pointer,
            RawFilter = new() { Weights = operands.W.Pointer, Shape = operands.Shape, Direction = ConvDirection.Forward },
            Bias = operands.Bias.Pointer,
            Finish = Finish<float>.Of(Activation.None, null, null, null, null),
        };
        pass.Run(problem, new Execution(1));
    }
}
