using System.Diagnostics;

namespace SimdConv.Perf.Compare;

/// <summary>One row: makes the participants, warms them up, checks that they agree, times them, and reports.</summary>
internal sealed class CaseRun(Case row, CompareOptions options, Report report)
{
    private const double LeastWarmUpSeconds = 0.02, MostWarmUpSeconds = 0.3, RehearsalSeconds = 0.5;

    /// <param name="seconds">How long it may take.</param>
    /// <param name="isFirst">Whether the runtime has still to compile what all rows of the suite share.</param>
    public void Run(double seconds, bool isFirst)
    {
        // The last row's data are outside the managed heap and are freed by finalizers: these run now, not during the
        // measurement.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long start = Stopwatch.GetTimestamp();
        List<Contestant> contestants = [.. row.Create()];
        if (row.IsBoundByMemory)
            contestants.Add(new MemoryContestant(row.Traffic, options.Threads));
        if (row.Flops > 0)
            contestants.Add(options.Type == ElementType.Float
                ? new PeakContestant<float>(options.Threads)
                : new PeakContestant<double>(options.Threads));
        try
        {
            double warmUp = isFirst
                ? RehearsalSeconds
                : Math.Clamp(seconds / contestants.Count / 5, LeastWarmUpSeconds, MostWarmUpSeconds);
            double[] calls = [.. contestants.Select(contestant => InterleavedTiming.WarmUp(contestant, warmUp))];
            if (CrossCheck.Disagreement(row, contestants) is { } disagreement)
            {
                report.AddDisagreement(row, disagreement);
                return;
            }

            double left = seconds - Stopwatch.GetElapsedTime(start).TotalSeconds;
            Timing[] timings = InterleavedTiming.Measure(
                contestants, calls, left, isThreaded: options.Threads > 1, out double[] probes);
            report.Add(row, timings, probes);
            foreach (string remark in row.Remarks(contestants))
                report.AddRemark(remark);
        }
        finally
        {
            foreach (Contestant contestant in contestants)
                contestant.Dispose();
        }
    }
}
