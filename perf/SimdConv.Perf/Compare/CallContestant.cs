namespace SimdConv.Perf.Compare;

/// <summary>A participant that is one call, and where its results are.</summary>
internal class CallContestant(string name, Action call, Func<IReadOnlyList<double[]>> results) : Contestant(name)
{
    public override IReadOnlyList<double[]> Results() => results();

    protected override void Call() => call();
}

/// <summary>The naive loops: timed a few times, and only where that doesn't take seconds.</summary>
internal sealed class ReferenceContestant(Action call, Func<IReadOnlyList<double[]>> results) : CallContestant(PeerSet.Reference, call, results)
{
    /// <summary>The most operations of a call that Reference is asked for.</summary>
    public const double MaxFlops = 1e8;

    public override int MaxSamples => 3;
}
