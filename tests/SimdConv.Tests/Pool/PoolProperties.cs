using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Pool;

/// <summary>What holds of every pooling, one case at a time.</summary>
internal static class PoolProperties<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Maxima, winners and indices are exact; averages keep the order of operations and with it the error bound.
    /// </summary>
    public static void Forward(SimdTier tier, PoolCase c)
    {
        Run run = new(c);
        Pool2DShape s = c.Shape;
        T[] expected = new T[run.Outputs];
        int[] winners = new int[run.Outputs];
        ReferencePool2D.Forward<T>(s, c.Kind, c.Batch, run.X, expected, winners);
        T[] y = run.Forward(tier.Run());
        if (c.Kind == PoolKind.Average)
        {
            Compare.Equal<T>(WindowChain.Average(s, c.Batch, run.X, WindowChain.Divisors(s)), y,
                "averages in the contract's order");
            CheckAverageBound(run, c, y);
            return;
        }

        Compare.Equal<T>(expected, y, "maxima");
        Compare.Equal<T>(expected, run.Forward(tier.Run(), out int[] stored), "maxima beside winners");
        Assert.Equal(winners, stored);
        Assert.Equal(ExpectedIndices(s, winners), run.Indices(stored));
    }

    public static void Backward(SimdTier tier, PoolCase c)
    {
        Run run = new(c);
        Pool2DShape s = c.Shape;
        int[] winners = new int[run.Outputs];
        ReferencePool2D.Forward<T>(s, c.Kind, c.Batch, run.X, new T[run.Outputs], winners);
        T[] dx = run.Backward(winners, tier.Run());
        Compare.Equal<T>(
            c.Kind == PoolKind.Max
                ? WindowChain.MaxBackward(s, c.Batch, run.Dy, winners)
                : WindowChain.AverageBackward(s, c.Batch, run.Dy, WindowChain.Divisors(s)),
            dx,
            "dx in the contract's order");

        double[] dy = Data.Widen<T>(run.Dy), exact = new double[dx.Length], gauge = new double[dx.Length];
        ReferencePool2D.Backward<double>(s, c.Kind, c.Batch, dy, winners, exact);
        ReferencePool2D.Backward<double>(s, c.Kind, c.Batch, Data.Absolute(dy), winners, gauge);
        Compare.WithinBound<T>(exact, gauge, dx, s.R * s.S, "dx");
    }

    /// <summary>y, winners and dx, one behind the other.</summary>
    public static T[] Execute(PoolCase c, Execution execution)
    {
        Run run = new(c);
        T[] y = run.Forward(execution, out int[] winners);
        return [.. y, .. winners.Select(T.CreateTruncating), .. run.Backward(winners, execution)];
    }

    public static void SameOnAnyThreadsAndBatch(SimdTier tier, PoolCase c)
    {
        Run run = new(c);
        T[] y = run.Forward(tier.Run(), out int[] winners), dx = run.Backward(winners, tier.Run());
        foreach (int threads in (int[])[0, 2, 3, 7])
        {
            Compare.Equal<T>(y, run.Forward(tier.Run(threads), out int[] stored), $"y on {threads} threads");
            Assert.Equal(winners, stored);
            Compare.Equal<T>(dx, run.Backward(winners, tier.Run(threads)), $"dx on {threads} threads");
        }

        for (int n = 0; n < c.Batch; n++)
        {
            Run alone = run.Alone(n);
            T[] yAlone = alone.Forward(tier.Run(), out int[] stored);
            Compare.Equal<T>(y.AsSpan(n * yAlone.Length, yAlone.Length), yAlone, $"y of image {n} alone");
            T[] dxAlone = alone.Backward(stored, tier.Run());
            Compare.Equal<T>(dx.AsSpan(n * dxAlone.Length, dxAlone.Length), dxAlone, $"dx of image {n} alone");
        }
    }

    private static void CheckAverageBound(Run run, PoolCase c, T[] y)
    {
        double[] x = Data.Widen<T>(run.X), exact = new double[y.Length], gauge = new double[y.Length];
        ReferencePool2D.Forward<double>(c.Shape, c.Kind, c.Batch, x, exact);
        ReferencePool2D.Forward<double>(c.Shape, c.Kind, c.Batch, Data.Absolute(x), gauge);
        Compare.WithinBound<T>(exact, gauge, y, c.Shape.R * c.Shape.S, "averages");
    }

    private static long[] ExpectedIndices(Pool2DShape s, int[] winners)
    {
        long[] indices = new long[winners.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            int p = i / s.Q % s.P, q = i % s.Q;
            int h = (p * s.StrideH) - s.PadTop + (winners[i] / s.S * s.DilationH);
            int w = (q * s.StrideW) - s.PadLeft + (winners[i] % s.S * s.DilationW);
            indices[i] = (h * s.W) + w;
        }

        return indices;
    }

    /// <summary>The arrays of one case and the calls on them; results come out contiguous.</summary>
    private sealed class Run
    {
        private readonly PoolCase c;
        private readonly StridedImage<T> x, dy;
        private readonly Pool2DPlan<T> plan;

        public Run(PoolCase c)
        {
            this.c = c;
            Pool2DShape s = c.Shape;
            x = StridedImage<T>.Filled(c.Input, c.Batch, s.C, s.H, s.W, c.Data, c.Seed + 1);
            dy = StridedImage<T>.Filled(c.Output, c.Batch, s.C, s.P, s.Q, c.Data, c.Seed + 2);
            (X, Dy) = (x.Pack(), dy.Pack());
            plan = new(s, c.Kind, x.Layout, dy.Layout) { InPieces = c.Seed % 3 == 0 };
        }

        public T[] X { get; }

        public T[] Dy { get; }

        public int Outputs => Dy.Length;

        private bool NarrowWinners => c.Shape.R * c.Shape.S <= 256;

        public T[] Forward(Execution execution)
        {
            StridedImage<T> y = NewOutput();
            plan.Forward(c.Batch, x.Data, y.Data, execution);
            y.RequireGapsUntouched("y");
            return y.Pack();
        }

        /// <summary>For averages there are no winners.</summary>
        public T[] Forward(Execution execution, out int[] winners)
        {
            winners = new int[Outputs];
            if (c.Kind == PoolKind.Average)
                return Forward(execution);
            StridedImage<T> y = NewOutput();
            byte[] stored = new byte[plan.WinnerBytes(c.Batch)];
            Assert.Equal(NarrowWinners ? Outputs : 4 * Outputs, stored.Length);
            plan.Forward(c.Batch, x.Data, y.Data, stored, execution);
            for (int i = 0; i < Outputs; i++)
                winners[i] = NarrowWinners ? stored[i] : MemoryMarshal.Cast<byte, int>(stored)[i];
            y.RequireGapsUntouched("y");
            return y.Pack();
        }

        public T[] Backward(int[] winners, Execution execution)
        {
            Pool2DShape s = c.Shape;
            StridedImage<T> dx = new(c.Input, c.Batch, s.C, s.H, s.W);
            if (c.Kind == PoolKind.Max)
                plan.Backward(c.Batch, dy.Data, Stored(winners), dx.Data, execution);
            else
                plan.Backward(c.Batch, dy.Data, dx.Data, execution);
            dx.RequireGapsUntouched("dx");
            return dx.Pack();
        }

        public long[] Indices(int[] winners)
        {
            long[] indices = new long[Outputs];
            plan.Indices(c.Batch, Stored(winners), indices);
            return indices;
        }

        public Run Alone(int n)
        {
            Run alone = new(c with { Batch = 1 });
            alone.x.Unpack(X.AsSpan(n * alone.X.Length, alone.X.Length));
            alone.dy.Unpack(Dy.AsSpan(n * alone.Dy.Length, alone.Dy.Length));
            return alone;
        }

        private StridedImage<T> NewOutput() => new(c.Output, c.Batch, c.Shape.C, c.Shape.P, c.Shape.Q);

        private byte[] Stored(int[] winners) =>
            NarrowWinners ? Array.ConvertAll(winners, tap => (byte)tap) : MemoryMarshal.AsBytes<int>(winners).ToArray();
    }
}
