using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>A participant that is one call, and the arrays that its results are in.</summary>
internal class CallContestant(string name, Action call, params IReadOnlyList<NativeArray> results) : Contestant(name)
{
    public override IReadOnlyList<NativeArray> Results() => results;

    protected override void Call() => call();
}

/// <summary>The naive loops: timed a few times, and only where that doesn't take seconds.</summary>
internal sealed class ReferenceContestant(Action call, params IReadOnlyList<NativeArray> results)
    : CallContestant(PeerSet.Reference, call, results)
{
    /// <summary>The most operations of a call that Reference is asked for.</summary>
    public const double MaxFlops = 1e8;

    public override int MaxSamples => 3;
}
