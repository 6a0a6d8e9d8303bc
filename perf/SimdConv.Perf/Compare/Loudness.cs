using System.Diagnostics;
using SimdConv.Cli;
using SimdConv.Kernels;

namespace SimdConv.Perf.Compare;

/// <summary>
/// Which rounds were loud: a core then issued clearly less instructions for each multiply-add of the peak than it was seen to at
/// best since the process began, since another thread ran on it.
/// </summary>
internal sealed class Loudness
{
    // Some tens of microseconds each, of which the shortest counts: the system seldom interrupts all of them.
    private const int Rounds = 10_000, Windows = 3;

    private double best = double.MaxValue;
    private int rounds, loud;

    /// <summary>The share of all rounds that were loud.</summary>
    public double Share => rounds == 0 ? 0 : (double)loud / rounds;

    /// <summary>The time of instructions without multiply-adds over that of bare multiply-adds, on the calling thread.</summary>
    public static double Probe()
    {
        double issue = double.MaxValue, peak = double.MaxValue;
        for (int i = 0; i < Windows; i++)
        {
            long start = Stopwatch.GetTimestamp();
            IssueLoop.Run(Rounds);
            long between = Stopwatch.GetTimestamp();
            MultiplyAddChains.Run<float>(SimdSupport.Best, Rounds);
            issue = Math.Min(issue, between - start);
            peak = Math.Min(peak, Stopwatch.GetTimestamp() - between);
        }

        return issue / peak;
    }

    /// <summary>For each round whether it was loud, by what <see cref="Probe"/> gave ahead of it.</summary>
    public bool[] Of(double[] probes)
    {
        // The lowest tenth: in a single round all windows of multiply-adds may have been interrupted.
        best = Math.Min(best, Statistics.Quantile(probes, 0.1));
        bool[] are = [.. probes.Select(probe => probe * IssueLoop.QuietShare > best)];
        rounds += are.Length;
        loud += are.Count(isLoud => isLoud);
        return are;
    }
}
