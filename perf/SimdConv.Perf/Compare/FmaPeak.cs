using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Perf.Compare;

/// <summary>The arithmetic peak: independent chains of multiply-adds in a tier's registers.</summary>
internal static class FmaPeak
{
    private const int Chains = 12, Iterations = 200_000, Trials = 20;

    /// <summary>GFLOP/s of all threads together, the best of some trials.</summary>
    public static double Measure(ElementType type, SimdTier tier, int threads)
    {
        double[] best = new double[threads];
        using Barrier barrier = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            barrier.SignalAndWait();
            best[i] = type == ElementType.Float ? Best<float>(tier) : Best<double>(tier);
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return best.Sum();
    }

    private static double Best<T>(SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => tier switch
        {
            SimdTier.Avx512 => Best<Avx512Lanes<T>, T>(),
            SimdTier.Avx2 => Best<Avx2Lanes<T>, T>(),
            SimdTier.VectorT => Best<VectorLanes<T>, T>(),
            _ => Best<ScalarLanes<T>, T>(),
        };

    private static double Best<TVec, T>()
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double best = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            long start = Stopwatch.GetTimestamp();
            Run<TVec, T>(Iterations);
            best = Math.Max(best, 2.0 * Chains * Iterations * TVec.Count / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    // Named accumulators: an array would go through memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVec Run<TVec, T>(int iterations)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec x = TVec.Broadcast(T.CreateChecked(0.5)), a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int n = 0; n < iterations; n++)
        {
            a = TVec.MulAdd(x, x, a);
            b = TVec.MulAdd(x, x, b);
            c = TVec.MulAdd(x, x, c);
            d = TVec.MulAdd(x, x, d);
            e = TVec.MulAdd(x, x, e);
            f = TVec.MulAdd(x, x, f);
            g = TVec.MulAdd(x, x, g);
            h = TVec.MulAdd(x, x, h);
            i = TVec.MulAdd(x, x, i);
            j = TVec.MulAdd(x, x, j);
            k = TVec.MulAdd(x, x, k);
            l = TVec.MulAdd(x, x, l);
        }

        return TVec.Add(TVec.Add(TVec.Add(a, b), TVec.Add(c, d)), TVec.Add(TVec.Add(TVec.Add(e, f), TVec.Add(g, h)), TVec.Add(TVec.Add(i, j), TVec.Add(k, l))));
    }
}
