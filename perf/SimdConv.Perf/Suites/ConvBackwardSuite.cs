using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Reference;

namespace SimdConv.Perf.Suites;

/// <summary>A convolution's part of a training step: forward, and the gradients of input, weights and bias.</summary>
internal sealed class ConvBackwardSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "conv-backward";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers) =>
        ShapeFiles.TrainedConvs(options.Shapes).Select(row => row.By(options.Algorithm == "winograd")).Select(row =>
        {
            // The weight gradient has the longest sums.
            double terms = Math.Max((double)row.Batch * row.Shape.P * row.Shape.Q, row.Shape.Taps * row.Shape.K);
            return new Case(row.Network, row.Label, row.NeedsInputGradient ? "forward+backward" : "forward+weights",
                row.TrainingFlops, row.TrainingTrafficOf(Tolerances.SizeOf<T>()), Tolerances.OfConv<T>(row, terms))
            {
                Create = () => Participants(row, options, peers),
            };
        });

    private static IReadOnlyList<Contestant> Participants(ConvShape row, CompareOptions options, PeerSet peers)
    {
        ConvOperands<T> operands = new(row, options.Layout);
        return peers.With(
            SimdConvs(operands, new Execution(options.Threads)),
            (PeerSet.LibTorch, () => LibTorch.ConvBackward(operands)),
            (PeerSet.Reference, () => row.TrainingFlops > ReferenceContestant.MaxFlops ? null : References(operands)));
    }

    private static CallContestant SimdConvs(ConvOperands<T> o, Execution execution)
    {
        Conv2DPlan<T> plan = o.NewPlan();
        NativeArray<T> x = o.OwnX, dy = o.OwnDy;
        Results results = new(o);
        return new CallContestant(
            PeerSet.SimdConv,
            () =>
            {
                // Weights change at every step of a training: no pass finds them packed.
                plan.Forward(o.Batch, x, o.W, results.Y, new Epilogue<T> { Bias = o.Bias }, execution);
                if (o.NeedsInputGradient)
                    plan.InputGradient(o.Batch, dy, o.W, results.Dx, execution: execution);
                plan.WeightGradient(o.Batch, x, dy, results.Dw, results.Db, execution: execution);
            },
            results.Of(o.Own.Results));
    }

    private static ReferenceContestant References(ConvOperands<T> o)
    {
        Results results = new(o);
        return new ReferenceContestant(
            () =>
            {
                ReferenceConv2D.Forward<T>(o.Shape, o.Batch, o.X, o.W, o.Bias, results.Y);
                if (o.NeedsInputGradient)
                    ReferenceConv2D.InputGradient<T>(o.Shape, o.Batch, o.Dy, o.W, results.Dx);
                ReferenceConv2D.WeightGradient<T>(o.Shape, o.Batch, o.X, o.Dy, results.Dw, results.Db);
            },
            results.Of(images => images));
    }

    private sealed class Results(ConvOperands<T> operands)
    {
        public NativeArray<T> Y { get; } = operands.NewY();

        public NativeArray<T> Dx { get; } = operands.NewX();

        public NativeArray<T> Dw { get; } = new(operands.Shape.WeightCount);

        public NativeArray<T> Db { get; } = new(operands.Shape.K);

        /// <summary>All of them, y and dx read as <paramref name="read"/> says.</summary>
        public IReadOnlyList<NativeArray> Of(Func<NativeArray<T>, NativeArray> read) =>
            operands.NeedsInputGradient ? [read(Y), Dw, Db, read(Dx)] : [read(Y), Dw, Db];
    }
}
