using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>Pooling forward, and forward with backward.</summary>
internal sealed class PoolSuite<T> : ISuite
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => "pool";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        Execution execution = new(options.Threads);
        foreach (PoolShape row in ShapeFiles.Pools(options.Shapes))
        {
            long inputs = row.Inputs * Tolerances.SizeOf<T>(), outputs = row.Outputs * Tolerances.SizeOf<T>();
            Traffic forward = new(inputs, outputs);
            double tolerance = Tolerances.OfSum<T>(row.Shape.R * row.Shape.S);
            foreach (bool backward in new[] { false, true })
            {
                yield return new Case(row.Network, row.Text, backward ? "forward+backward" : "forward", 0,
                    backward ? forward + new Traffic(outputs, inputs) : forward, tolerance)
                {
                    Create = () =>
                    {
                        PoolOperands<T> operands = new(row, options.Layout);
                        return peers.With(
                            backward ? ForwardBackward(operands, execution) : Forward(operands, execution),
                            (PeerSet.LibTorch, () => LibTorch.Pool(operands, backward)),
                            (PeerSet.OnnxRuntime, () => !backward && operands is PoolOperands<float> floats
                                ? OnnxRuntime.Pool(floats, options.Threads) : null));
                    },
                };
            }
        }
    }

    private static CallContestant Forward(PoolOperands<T> o, Execution execution)
    {
        Pool2DPlan<T> plan = o.NewPlan();
        NativeArray<T> x = o.OwnX, y = o.NewY();
        return new CallContestant(PeerSet.SimdConv, () => plan.Forward(o.Batch, x, y, execution), o.Own.Results(y));
    }

    private static CallContestant ForwardBackward(PoolOperands<T> o, Execution execution)
    {
        Pool2DPlan<T> plan = o.NewPlan();
        NativeArray<T> x = o.OwnX, dy = o.OwnDy, y = o.NewY(), dx = o.NewX();
        NativeArray<byte> winners = new(o.Kind == PoolKind.Max ? plan.WinnerBytes(o.Batch) : 0);
        Action call = o.Kind == PoolKind.Max
            ? () =>
            {
                plan.Forward(o.Batch, x, y, winners, execution);
                plan.Backward(o.Batch, dy, winners, dx, execution);
            }
        : () =>
            {
                plan.Forward(o.Batch, x, y, execution);
                plan.Backward(o.Batch, dy, dx, execution);
            };
        return new CallContestant(PeerSet.SimdConv, call, o.Own.Results(y), o.Own.Results(dx));
    }
}
