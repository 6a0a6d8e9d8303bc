using System.Numerics;

namespace SimdConv.Perf;

/// <summary>The peak of several cores at once.</summary>
internal static class FmaPeak
{
    /// <summary>GFLOP/s of all threads together, each by the best of several trials.</summary>
    public static double Measure<T>(SimdTier tier, int threads = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] best = new double[threads];
        using Barrier barrier = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            barrier.SignalAndWait();
            best[i] = SimdSupport.MeasureFmaPeak<T>(tier);
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return best.Sum();
    }
}
