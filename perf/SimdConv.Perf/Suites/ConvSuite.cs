using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;
using SimdConv.Reference;

namespace SimdConv.Perf.Suites;

/// <summary>Forward convolutions: with weights packed beforehand, and as they are.</summary>
internal sealed class ConvSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "conv";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        Execution execution = new(options.Threads);
        foreach (ConvShape row in ShapeFiles.Convs(options.Shapes).Select(row => row.By(options.Algorithm == "winograd")))
        {
            yield return NewCase(row, options.Layout, "forward-packed", operands => peers.With(
                Packed(operands, execution),
                (PeerSet.OnnxRuntime, () => Onnx(operands, options.Threads)),
                (PeerSet.Native, () => NativeSimdConv.Conv(operands, options.Threads, isPacked: true))));
            yield return NewCase(row, options.Layout, "forward", operands => peers.With(
                Unpacked(operands, execution),
                (PeerSet.LibTorch, () => LibTorch.Conv(operands)),
                (PeerSet.Native, () => NativeSimdConv.Conv(operands, options.Threads, isPacked: false)),
                (PeerSet.Reference, () => row.Flops > ReferenceContestant.MaxFlops ? null : References(operands))));
        }
    }

    /// <summary>With weights packed beforehand.</summary>
    public static Contestant Packed(ConvOperands<T> o, Execution execution)
    {
        Conv2DPlan<T> plan = o.NewPlan();
        PackedFilter<T> filter = plan.Pack(o.W);
        NativeArray<T> x = o.OwnX, y = o.NewY();
        return new CallContestant(
            PeerSet.SimdConv,
            () => plan.Forward(o.Batch, x, filter, y, new Epilogue<T> { Bias = o.Bias }, execution),
            o.Own.Results(y));
    }

    public static Contestant? Onnx(ConvOperands<T> o, int threads) =>
        o is ConvOperands<float> floats ? OnnxRuntime.Conv(floats, threads) : null;

    private static Case NewCase(
        ConvShape row, ImageOrder order, string direction, Func<ConvOperands<T>, IReadOnlyList<Contestant>> participants) =>
        new(row.Network, row.Label, direction, row.Flops, row.TrafficOf(Tolerances.SizeOf<T>()),
            Tolerances.OfConv<T>(row, row.Shape.Taps))
        {
            Create = () => participants(new ConvOperands<T>(row, order)),
        };

    private static CallContestant Unpacked(ConvOperands<T> o, Execution execution)
    {
        Conv2DPlan<T> plan = o.NewPlan();
        NativeArray<T> x = o.OwnX, y = o.NewY();
        return new CallContestant(
            PeerSet.SimdConv,
            () => plan.Forward(o.Batch, x, (ReadOnlySpan<T>)o.W, y, new Epilogue<T> { Bias = o.Bias }, execution),
            o.Own.Results(y));
    }

    private static ReferenceContestant References(ConvOperands<T> o)
    {
        NativeArray<T> y = o.NewY();
        return new ReferenceContestant(
            () => ReferenceConv2D.Forward<T>(o.Shape, o.Batch, o.X, o.W, o.Bias, y),
            y);
    }
}
