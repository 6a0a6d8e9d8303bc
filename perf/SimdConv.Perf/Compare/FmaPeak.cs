using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SimdConv.Perf.Compare;

/// <summary>The arithmetic peak: independent chains of fused multiply-adds in the widest vectors of the active tier.</summary>
internal static class FmaPeak
{
    private const int Chains = 12, Iterations = 200_000, Trials = 20;

    /// <summary>GFLOP/s of all threads together, the best of some trials.</summary>
    public static double Measure(ElementType type, int threads)
    {
        double[] best = new double[threads];
        using Barrier barrier = new(threads);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() =>
        {
            barrier.SignalAndWait();
            best[i] = type == ElementType.Float ? Best<float>() : Best<double>();
        }))];
        Array.ForEach(workers, worker => worker.Start());
        Array.ForEach(workers, worker => worker.Join());
        return best.Sum();
    }

    private static double Best<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double best = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            long start = Stopwatch.GetTimestamp();
            int lanes = RunChains<T>();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = Math.Max(best, 2.0 * Chains * Iterations * lanes / seconds / 1e9);
        }

        return best;
    }

    private static int RunChains<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => SimdSupport.Best switch
        {
            SimdTier.Avx512 when typeof(T) == typeof(float) => Run<Vector512<float>, Float512>(),
            SimdTier.Avx512 => Run<Vector512<double>, Double512>(),
            SimdTier.Avx2 when typeof(T) == typeof(float) => Run<Vector256<float>, Float256>(),
            SimdTier.Avx2 => Run<Vector256<double>, Double256>(),
            SimdTier.VectorT => Run<Vector<T>, Portable<T>>(),
            _ => Run<T, Single<T>>(),
        };

    // Named accumulators: an array would go through memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static int Run<TVector, TOps>()
        where TOps : IFma<TVector>
    {
        TVector x = TOps.Start, a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int n = 0; n < Iterations; n++)
        {
            a = TOps.Fma(x, x, a);
            b = TOps.Fma(x, x, b);
            c = TOps.Fma(x, x, c);
            d = TOps.Fma(x, x, d);
            e = TOps.Fma(x, x, e);
            f = TOps.Fma(x, x, f);
            g = TOps.Fma(x, x, g);
            h = TOps.Fma(x, x, h);
            i = TOps.Fma(x, x, i);
            j = TOps.Fma(x, x, j);
            k = TOps.Fma(x, x, k);
            l = TOps.Fma(x, x, l);
        }

        Keep(TOps.Fma(a, b, TOps.Fma(c, d, TOps.Fma(e, f, TOps.Fma(g, h, TOps.Fma(i, j, TOps.Fma(k, l, x)))))));
        return TOps.Lanes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep<TVector>(TVector value) => _ = value;

    private interface IFma<TVector>
    {
        static abstract int Lanes { get; }

        static abstract TVector Start { get; }

        static abstract TVector Fma(TVector a, TVector b, TVector c);
    }

    private readonly struct Float512 : IFma<Vector512<float>>
    {
        public static int Lanes => Vector512<float>.Count;

        public static Vector512<float> Start => Vector512.Create(0.5f);

        public static Vector512<float> Fma(Vector512<float> a, Vector512<float> b, Vector512<float> c) => Vector512.FusedMultiplyAdd(a, b, c);
    }

    private readonly struct Double512 : IFma<Vector512<double>>
    {
        public static int Lanes => Vector512<double>.Count;

        public static Vector512<double> Start => Vector512.Create(0.5);

        public static Vector512<double> Fma(Vector512<double> a, Vector512<double> b, Vector512<double> c) => Vector512.FusedMultiplyAdd(a, b, c);
    }

    private readonly struct Float256 : IFma<Vector256<float>>
    {
        public static int Lanes => Vector256<float>.Count;

        public static Vector256<float> Start => Vector256.Create(0.5f);

        public static Vector256<float> Fma(Vector256<float> a, Vector256<float> b, Vector256<float> c) => Vector256.FusedMultiplyAdd(a, b, c);
    }

    private readonly struct Double256 : IFma<Vector256<double>>
    {
        public static int Lanes => Vector256<double>.Count;

        public static Vector256<double> Start => Vector256.Create(0.5);

        public static Vector256<double> Fma(Vector256<double> a, Vector256<double> b, Vector256<double> c) => Vector256.FusedMultiplyAdd(a, b, c);
    }

    private readonly struct Portable<T> : IFma<Vector<T>>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int Lanes => Vector<T>.Count;

        public static Vector<T> Start => new(T.CreateChecked(0.5));

        public static Vector<T> Fma(Vector<T> a, Vector<T> b, Vector<T> c) => typeof(T) == typeof(float)
            ? Vector.FusedMultiplyAdd(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
            : Vector.FusedMultiplyAdd(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();
    }

    private readonly struct Single<T> : IFma<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int Lanes => 1;

        public static T Start => T.CreateChecked(0.5);

        public static T Fma(T a, T b, T c) => T.FusedMultiplyAdd(a, b, c);
    }
}
