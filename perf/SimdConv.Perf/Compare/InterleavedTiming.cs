using System.Diagnostics;

namespace SimdConv.Perf.Compare;

/// <summary>The times of one participant: seconds a call, one entry a round.</summary>
internal sealed record Timing(string Name, double[] Seconds, double Flops)
{
    public double Median => Statistics.Quantile(Seconds, 0.5);
}

/// <summary>
/// Times participants in turn, A B C A B C ..., so that a drift of the machine meets all of them. A turn is a block of calls, and
/// begins with one that isn't timed: participants share operands, and the one that follows a participant with operands of its
/// own, such as the copy that shows memory's limit, would else be the only one to find them out of cache. With several threads a
/// turn begins when the threads of the participant before have gone to sleep, and with calls that wake the participant's own
/// threads: so each keeps its own way of waiting for work, and none takes cores from another.
/// </summary>
internal static class InterleavedTiming
{
    private const double BlockSeconds = 0.001, ThreadedBlockSeconds = 0.01, WakeSeconds = 0.005;

    /// <summary>Calls longer than this fill the caches in a time that doesn't count.</summary>
    private const double LongSeconds = 0.02;

    private const int LeastRounds = 3, MostRounds = 300;

    /// <summary>
    /// Runs until code is compiled and caches are warm, and until there are results to check; returns the seconds of a call.
    /// </summary>
    public static double WarmUp(Contestant contestant, double seconds)
    {
        double total = 0, call = double.MaxValue;
        int times = Math.Max(contestant.CheckedCalls, contestant.FixedRepetitions);

        // What the first call compiles is no part of the time.
        if (contestant.MaxSamples > LeastRounds)
            contestant.Run(times);
        while (true)
        {
            double elapsed = Math.Max(Time(contestant, times), 1e-9);
            total += elapsed;
            call = Math.Min(call, elapsed / times);
            if (total >= seconds || contestant.MaxSamples <= LeastRounds)
                return call;
            times = (int)Math.Clamp((seconds - total) / call, 1, 2 * times);
        }
    }

    /// <param name="contestants">The participants.</param>
    /// <param name="calls">Seconds of a call of each.</param>
    /// <param name="seconds">How long to go on; a few rounds are always made.</param>
    /// <param name="isThreaded">Whether they have threads that may still be looking for work after a call.</param>
    /// <param name="probes">What <see cref="Loudness.Probe"/> gave ahead of each round.</param>
    public static Timing[] Measure(
        IReadOnlyList<Contestant> contestants, double[] calls, double seconds, bool isThreaded, out double[] probes)
    {
        List<double> probed = [];
        int[] repetitions = [.. contestants.Select((c, i) => c.FixedRepetitions > 0
            ? c.FixedRepetitions
            : (int)Math.Clamp((isThreaded ? ThreadedBlockSeconds : BlockSeconds) / calls[i], 1, 1_000_000))];
        List<double>[] times = [.. contestants.Select(_ => new List<double>())];
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < LeastRounds
            || (round < MostRounds && Stopwatch.GetElapsedTime(start).TotalSeconds < seconds); round++)
        {
            probed.Add(Loudness.Probe());
            foreach ((int i, Contestant contestant) in contestants.Index())
            {
                if (round >= contestant.MaxSamples)
                    continue;
                if (isThreaded)
                    WaitForQuiet();
                if (contestant.FixedRepetitions == 0 && (isThreaded || calls[i] < LongSeconds))
                    contestant.Run((int)Math.Clamp((isThreaded ? WakeSeconds : 0) / calls[i], 1, 1_000_000));
                times[i].Add(Time(contestant, repetitions[i]) / repetitions[i]);
            }
        }

        probes = [.. probed];
        return [.. contestants.Select((c, i) => new Timing(c.Name, [.. times[i]], c.Flops))];
    }

    /// <summary>Waits until no thread works or looks for work.</summary>
    private static void WaitForQuiet()
    {
        // Longer than the kernel's tick, at most 10 ms, at which it counts the time of a thread that spins.
        TimeSpan slice = TimeSpan.FromMilliseconds(11);
        TimeSpan used;
        do
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Thread.Sleep(slice);
            used = Environment.CpuUsage.TotalTime - before;
        }
        while (used > slice / 10);
    }

    private static double Time(Contestant contestant, int times)
    {
        long start = Stopwatch.GetTimestamp();
        contestant.Run(times);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
