using System.Diagnostics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;

namespace SimdConv.Cli;

/// <summary>The most float multiply-adds that one core does in a tier: independent chains in registers and nothing else.</summary>
internal static class FmaPeak
{
    // Four or five cycles of latency times two units are ten chains; twelve still fit in sixteen registers.
    private const int Chains = 12, Rounds = 500_000, Trials = 12;

    /// <summary>GFLOP/s of one thread, the best of several trials; a multiply-add counts as two operations.</summary>
    public static double Measure(SimdTier tier) => tier switch
    {
        SimdTier.Avx512 => Measure<Avx512Lanes<float>>(),
        SimdTier.Avx2 => Measure<Avx2Lanes<float>>(),
        SimdTier.VectorT => Measure<VectorLanes<float>>(),
        _ => Measure<ScalarLanes<float>>(),
    };

    private static unsafe double Measure<TVec>()
        where TVec : unmanaged, ILanes<TVec, float>
    {
        double best = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            long start = Stopwatch.GetTimestamp();
            TVec sum = Run(TVec.Broadcast(0.5f), Rounds);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            // Each chain converges to 1; looking at the sum keeps the loop from being left out.
            float* elements = (float*)&sum;
            if (MathF.Abs(elements[0] - Chains) > 0.01f)
                throw new InvalidOperationException($"The chains gave {elements[0]}.");
            best = Math.Max(best, 2.0 * Chains * TVec.Count * Rounds / seconds / 1e9);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVec Run<TVec>(TVec x, int rounds)
        where TVec : unmanaged, ILanes<TVec, float>
    {
        TVec a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int round = 0; round < rounds; round++)
        {
            a = TVec.MulAdd(a, x, x);
            b = TVec.MulAdd(b, x, x);
            c = TVec.MulAdd(c, x, x);
            d = TVec.MulAdd(d, x, x);
            e = TVec.MulAdd(e, x, x);
            f = TVec.MulAdd(f, x, x);
            g = TVec.MulAdd(g, x, x);
            h = TVec.MulAdd(h, x, x);
            i = TVec.MulAdd(i, x, x);
            j = TVec.MulAdd(j, x, x);
            k = TVec.MulAdd(k, x, x);
            l = TVec.MulAdd(l, x, x);
        }

        TVec left = TVec.Add(TVec.Add(TVec.Add(a, b), TVec.Add(c, d)), TVec.Add(e, f));
        return TVec.Add(left, TVec.Add(TVec.Add(TVec.Add(g, h), TVec.Add(i, j)), TVec.Add(k, l)));
    }
}
