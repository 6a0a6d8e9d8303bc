using System.Diagnostics;

namespace SimdConv.Perf.Compare;

/// <summary>The times of one participant: seconds a call, one entry a round.</summary>
internal sealed record Timing(string Name, double[] Seconds)
{
    public double Median => Statistics.Quantile(Seconds, 0.5);
}

/// <summary>Times participants in turn, A B C A B C ..., so that a drift of the machine meets all of them.</summary>
internal static class Interleaved
{
    private const double SampleSeconds = 0.001, ThreadedSampleSeconds = 0.005;

    // OpenBLAS's idle threads spin for 2^26 cycles, those of ONNX Runtime and OpenMP for less.
    private const double SettleSeconds = 0.03;

    private const double LeastWarmUpSeconds = 0.05, MostWarmUpSeconds = 0.3;
    private const int LeastRounds = 5, MostRounds = 300;

    /// <summary>Lets the runtime compile what all rows share: at the start of a suite, with its first row.</summary>
    public static void Rehearse(IReadOnlyList<Contestant> contestants)
    {
        foreach (Contestant contestant in contestants)
        {
            // Compilation to the last tier takes two rounds, each a tenth of a second after the last new method was met.
            for (int round = 0; round < 3 && contestant.FixedRepetitions == 0; round++)
                WarmUp(contestant, MostWarmUpSeconds);
        }
    }

    public static Timing[] Measure(IReadOnlyList<Contestant> contestants, double seconds, bool isThreaded)
    {
        double warmUp = Math.Clamp(seconds / contestants.Count / 5, LeastWarmUpSeconds, MostWarmUpSeconds);
        seconds -= warmUp * contestants.Count;
        int[] repetitions = new int[contestants.Count];
        double round = 0;
        for (int i = 0; i < repetitions.Length; i++)
        {
            double call = WarmUp(contestants[i], warmUp);
            repetitions[i] = Math.Max(1, contestants[i].FixedRepetitions);
            if (IsSlow(contestants[i]))
                continue;
            if (contestants[i].FixedRepetitions == 0)
                repetitions[i] = (int)Math.Clamp((isThreaded ? ThreadedSampleSeconds : SampleSeconds) / call, 1, 1_000_000);
            round += (repetitions[i] * call) + (isThreaded ? SettleSeconds + call : 0);
        }

        int rounds = (int)Math.Clamp(seconds / round, LeastRounds, MostRounds);
        List<double>[] times = [.. contestants.Select(_ => new List<double>())];
        for (int r = 0; r < rounds; r++)
        {
            for (int i = 0; i < repetitions.Length; i++)
            {
                if (r >= contestants[i].MaxSamples)
                    continue;
                if (isThreaded)
                    Settle(contestants[i]);
                times[i].Add(Time(contestants[i], repetitions[i]) / repetitions[i]);
            }
        }

        return [.. contestants.Select((c, i) => new Timing(c.Name, [.. times[i]]))];
    }

    /// <summary>Waits until the threads of the participant before have gone to sleep, and wakes those of this one.</summary>
    private static void Settle(Contestant contestant)
    {
        Thread.Sleep(TimeSpan.FromSeconds(SettleSeconds));
        if (!IsSlow(contestant))
            contestant.Run(1);
    }

    /// <summary>Runs until code is compiled and caches are warm; returns the seconds of a call.</summary>
    private static double WarmUp(Contestant contestant, double seconds)
    {
        if (IsSlow(contestant))
            return 0;
        double total = 0, call = double.MaxValue;
        for (int times = Math.Max(1, contestant.FixedRepetitions); ; times *= 2)
        {
            double elapsed = Time(contestant, times);
            total += elapsed;
            call = Math.Min(call, elapsed / times);
            if (total >= seconds)
                return Math.Max(call, 1e-9);
        }
    }

    /// <summary>Too slow to be warmed up or to count in a round: timed a few times only.</summary>
    private static bool IsSlow(Contestant contestant) => contestant.MaxSamples < LeastRounds;

    private static double Time(Contestant contestant, int times)
    {
        long start = Stopwatch.GetTimestamp();
        contestant.Run(times);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
