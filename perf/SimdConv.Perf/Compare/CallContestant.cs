using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>A participant that is one call, and the arrays that its results are in.</summary>
internal class CallContestant(string name, Action call, params IReadOnlyList<NativeArray> results) : Contestant(name)
{
    public override IReadOnlyList<NativeArray> Results() => results;

    protected override void Call() => call();
}

/// <summary>A participant that takes so long that it is timed a few times only.</summary>
internal class FewSamples(string name, Action call, params IReadOnlyList<NativeArray> results)
    : CallContestant(name, call, results)
{
    public override int MaxSamples => 3;
}

/// <summary>The naive loops: only where they don't take seconds.</summary>
internal sealed class ReferenceContestant(Action call, params IReadOnlyList<NativeArray> results)
    : FewSamples(PeerSet.Reference, call, results)
{
    /// <summary>The most operations of a call that Reference is asked for.</summary>
    public const double MaxFlops = 1e8;
}
