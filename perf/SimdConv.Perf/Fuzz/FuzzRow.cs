namespace SimdConv.Perf.Fuzz;

/// <summary>
/// A random shape: seconds of a call of SimdConv, of each peer, and of each strategy that could have been chosen.
/// </summary>
internal sealed record FuzzRow(
    string Kind, string Shape, double Flops, string Chosen, double Seconds, (string Name, double Seconds)[] Peers,
    (string Name, double Seconds)[] Strategies)
{
    /// <summary>The time of the fastest peer over SimdConv's.</summary>
    public double Ratio => Peers.Length == 0 ? double.NaN : Peers.Min(peer => peer.Seconds) / Seconds;

    /// <summary>The time of the best strategy over that of the plan's: at most 1, but for noise.</summary>
    public double Best => Strategies.Length == 0 ? 1 : Math.Min(1, Strategies.Min(strategy => strategy.Seconds) / Seconds);
}
