using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Gemm;

/// <summary>What holds of every matrix multiplication, one case at a time.</summary>
internal static class GemmProperties<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Within the error bound; exact on integers; nothing but C's elements written; with beta = 0, C is not read.
    /// </summary>
    public static double MatchesReference(SimdTier tier, GemmCase g)
    {
        Operands o = new(g);
        T[] c = (T[])o.C.Clone(), a = (T[])o.A.Clone(), b = (T[])o.B.Clone();
        o.Multiply(c, tier.Run());
        Compare.Untouched<T>(a, o.A, "A");
        Compare.Untouched<T>(b, o.B, "B");
        Compare.Untouched<T>(o.Gaps(o.C), o.Gaps(c), "a gap between rows of C");

        double[] wideA = Data.Widen<T>(o.A), wideB = Data.Widen<T>(o.B), exact = Data.Widen<T>(o.C);
        double[] gauge = Data.Absolute(exact);
        // The scale factors as T holds them: 0.7f is not 0.7.
        double alpha = double.CreateTruncating(o.Alpha), beta = double.CreateTruncating(o.Beta);
        ReferenceGemm.Multiply(g.TransA, g.TransB, g.M, g.N, g.K, alpha, wideA, o.Lda, wideB, o.Ldb, beta, exact, o.Ldc);
        ReferenceGemm.Multiply(
            g.TransA, g.TransB, g.M, g.N, g.K, Math.Abs(alpha), Data.Absolute(wideA), o.Lda, Data.Absolute(wideB), o.Ldb,
            Math.Abs(beta), gauge, o.Ldc);
        double worst = Compare.WithinBound<T>(o.Elements(exact), o.Elements(gauge), o.Elements(c), g.K, "C");
        if (g.Data == DataKind.Integers && g.Alpha is 0 or 1 or -0.5 && g.Beta is 0 or 1)
            Compare.Equal<double>(o.Elements(exact), Data.Widen<T>(o.Elements(c)), "C of integers");
        return worst;
    }

    /// <summary>The bits of the scalar chain.</summary>
    public static void EqualsChain(SimdTier tier, GemmCase g)
    {
        Operands o = new(g);
        T[] c = (T[])o.C.Clone(), expected = (T[])o.C.Clone();
        o.Multiply(c, tier.Run());
        GemmChain.Multiply(g, o.Alpha, o.A, o.Lda, o.B, o.Ldb, o.Beta, expected, o.Ldc);
        Compare.Equal<T>(o.Elements(expected), o.Elements(c), "C");
    }

    /// <summary>C with its gaps.</summary>
    public static T[] Execute(GemmCase g, Execution execution)
    {
        Operands o = new(g);
        T[] c = (T[])o.C.Clone();
        o.Multiply(c, execution);
        return c;
    }

    public static void SameOnAnyThreads(SimdTier tier, GemmCase g)
    {
        Operands o = new(g);
        T[] expected = (T[])o.C.Clone();
        o.Multiply(expected, tier.Run());
        foreach (int threads in (int[])[0, 2, 3, 7])
        {
            T[] c = (T[])o.C.Clone();
            o.Multiply(c, tier.Run(threads));
            Compare.Equal<T>(o.Elements(expected), o.Elements(c), $"C on {threads} threads");
        }
    }

    /// <summary>An element never depends on M or N: each column alone, and the first row alone, come out the same.</summary>
    public static void RowsAndColumnsAlone(SimdTier tier, GemmCase g)
    {
        Operands o = new(g);
        T[] whole = (T[])o.C.Clone();
        o.Multiply(whole, tier.Run());
        if (g.M == 0 || g.N == 0)
            return;
        int column = g.N / 2, row = g.M / 2;
        T[] one = (T[])o.C.Clone();
        ReadOnlySpan<T> b = g.K == 0 ? default : o.B.AsSpan(g.TransB == Transpose.No ? column : column * o.Ldb);
        SimdConv.Gemm.Multiply(
            g.TransA, g.TransB, g.M, 1, g.K, o.Alpha, o.A, o.Lda, b, o.Ldb, o.Beta, one.AsSpan(column), o.Ldc, tier.Run());
        for (int i = 0; i < g.M; i++)
            Compare.Equal<T>([whole[(i * o.Ldc) + column]], [one[(i * o.Ldc) + column]], $"row {i} of column {column} alone");

        one = (T[])o.C.Clone();
        ReadOnlySpan<T> a = g.K == 0 ? default : o.A.AsSpan(g.TransA == Transpose.No ? row * o.Lda : row);
        SimdConv.Gemm.Multiply(
            g.TransA, g.TransB, 1, g.N, g.K, o.Alpha, a, o.Lda, o.B, o.Ldb, o.Beta, one.AsSpan(row * o.Ldc), o.Ldc, tier.Run());
        Compare.Equal<T>(whole.AsSpan(row * o.Ldc, g.N), one.AsSpan(row * o.Ldc, g.N), $"row {row} alone");
    }

    /// <summary>
    /// The arrays of one case: gaps filled with canaries, so that a gap that is read shows in C, and C NaN where beta is 0.
    /// </summary>
    private sealed class Operands
    {
        private readonly GemmCase g;

        public Operands(GemmCase g)
        {
            this.g = g;
            (int rowsA, int columnsA) = g.TransA == Transpose.No ? (g.M, g.K) : (g.K, g.M);
            (int rowsB, int columnsB) = g.TransB == Transpose.No ? (g.K, g.N) : (g.N, g.K);
            (Lda, Ldb, Ldc) = (Math.Max(1, columnsA + g.GapA), Math.Max(1, columnsB + g.GapB), Math.Max(1, g.N + g.GapC));
            (Alpha, Beta) = (T.CreateTruncating(g.Alpha), T.CreateTruncating(g.Beta));
            bool unread = g.Alpha == 0;
            A = Matrix(rowsA, columnsA, Lda, unread, g.Seed + 1);
            B = Matrix(rowsB, columnsB, Ldb, unread, g.Seed + 2);
            C = Matrix(g.M, g.N, Ldc, g.Beta == 0, g.Seed + 3);
        }

        public int Lda { get; }

        public int Ldb { get; }

        public int Ldc { get; }

        public T Alpha { get; }

        public T Beta { get; }

        public T[] A { get; }

        public T[] B { get; }

        public T[] C { get; }

        public void Multiply(T[] c, Execution execution) =>
            SimdConv.Gemm.Multiply(g.TransA, g.TransB, g.M, g.N, g.K, Alpha, A, Lda, B, Ldb, Beta, c, Ldc, execution);

        public TAny[] Elements<TAny>(TAny[] c) => Select(c, wantGaps: false);

        public T[] Gaps(T[] c) => Select(c, wantGaps: true);

        private TAny[] Select<TAny>(TAny[] c, bool wantGaps) => [.. c.Where((_, i) => i % Ldc >= g.N == wantGaps)];

        /// <summary>As short as BLAS allows: no gap behind the last row.</summary>
        private T[] Matrix(int rows, int columns, int ld, bool unread, int seed)
        {
            if (rows == 0 || columns == 0)
                return [];
            T[] elements = Data.Make<T>((long)rows * columns, g.Data, seed);
            T[] matrix = Data.Filled(((rows - 1) * ld) + columns, Data.Canary<T>());
            for (int row = 0; row < rows && !unread; row++)
                elements.AsSpan(row * columns, columns).CopyTo(matrix.AsSpan(row * ld));
            return matrix;
        }
    }
}
