using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>
/// The limit of rows bound by arithmetic: multiply-adds on every thread, beside the row, since clocks change from second to
/// second.
/// </summary>
internal sealed unsafe class PeakContestant<T>(int threads) : Contestant(PeerSet.Peak)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Some tens of microseconds.
    private const int Rounds = 10_000;

    public override IReadOnlyList<NativeArray> Results() => [];

    /// <summary>Operations of a call.</summary>
    public override double Flops => threads * MultiplyAddChains.Flops<T>(SimdSupport.Best, Rounds);

    protected override void Call() => Workers.Run(threads, threads, &RunPart, null);

    private static void RunPart(void* state, int part) => MultiplyAddChains.Run<T>(SimdSupport.Best, Rounds);
}
