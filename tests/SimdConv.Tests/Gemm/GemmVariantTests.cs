using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Gemm;

public sealed class GemmVariantFloatTests : GemmVariantTests<float>;

public sealed class GemmVariantDoubleTests : GemmVariantTests<double>;

/// <summary>Operands packed ahead, bias and activation, batches: the same chains as the plain product.</summary>
public abstract class GemmVariantTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PackedOperandsEqualTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        foreach (Arb cases in (Arb[])[new(GemmCases.Any(), 1000), new(GemmCases.Long(), 40)])
        {
            Properties.Check(tier, cases.Cases, cases.Count, g => Packed(tier, g, GemmSide.A, 1));
            Properties.Check(tier, cases.Cases, cases.Count, g => Packed(tier, g, GemmSide.B, 1));
        }

        // Beyond every block size, on threads.
        GemmCase large = new(Transpose.No, Transpose.Yes, 130, 700, 900, 1, 0.7, 1, 0, 3, DataKind.Real, 5);
        Packed(tier, large, GemmSide.A, 3);
        Packed(tier, large, GemmSide.B, 3);
        Packed(tier, large with { M = 3, N = 1500 }, GemmSide.B, 2);
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void BiasStartsTheChainAndActivationEndsIt(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        foreach (bool byRows in (bool[])[true, false])
        {
            foreach (int threads in (int[])[1, 3])
            {
                Properties.Check(tier, GemmCases.Any(), 1000, g => Fused(tier, g, byRows, threads));
                Properties.Check(tier, GemmCases.Long(), 20, g => Fused(tier, g, byRows, threads));
                Properties.Check(tier, GemmCases.Long(), 3, g =>
                    Fused(tier, g with { M = g.M + 90, N = g.N + 110, K = g.K + 60 }, byRows, threads));
            }
        }
    }

    /// <summary>
    /// Several blocks of rows, terms and columns of each tile: the bias is there once, ahead of the first block of terms, the
    /// activation once, behind the last, and blocks of a packed operand lie where they are read.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SeveralBlocksEqualTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        foreach (KernelInfo tile in KernelInfo.All.Where(tile => tile.Tier == tier && tile.ElementType == typeof(T)))
        {
            GemmCase g = new(Transpose.No, Transpose.No, 0, 0, 0, 1, 0, 0, 1, 2, DataKind.Real, 6);
            foreach (int threads in (int[])[1, 3])
            {
                Packed(tier, g with { M = tile.MC + tile.MR + 1, N = 3, K = 2 * tile.KC }, GemmSide.A, threads);
                foreach (bool byRows in (bool[])[true, false])
                {
                    Fused(tier, g with { M = 3 * tile.MR, N = tile.NR + 5, K = (2 * tile.KC) + 1 }, byRows, threads);
                    Fused(tier, g with { M = (2 * tile.MR) + 1, N = tile.NC + tile.NR + 1, K = tile.KC + 1 }, byRows, threads);
                }
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void BatchesEqualSingleProducts(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int threads in (int[])[1, 2, 5])
            Properties.Check(tier, GemmCases.Any(), 1000, g => Batched(tier, g, 1 + (g.Seed % 7), g.Seed % 3 == 0, threads));
        Batched(tier, new GemmCase(Transpose.No, Transpose.No, 40, 50, 60, 1, 0, 0, 0, 0, DataKind.Real, 3), 9, false, 2);
    }

    [Fact]
    public void PackedMatrixKnowsItsSideAndTier()
    {
        T[] matrix = new T[12], other = new T[12], c = new T[9];
        PackedMatrix<T> a = SimdConv.Gemm.Pack<T>(GemmSide.A, Transpose.Yes, 3, 4, matrix, 3, SimdTier.Scalar);
        Assert.Equal((GemmSide.A, SimdTier.Scalar, 3, 4), (a.Side, a.Tier, a.Rows, a.Columns));
        Execution scalar = SimdTier.Scalar.Run(), best = default;
        Assert.Contains("a is packed for tier Scalar; expected",
            Assert.Throws<ArgumentException>(() => SimdConv.Gemm.Multiply(a, Transpose.No, 3, other, 3, T.Zero, c, 3, best))
            .Message, StringComparison.Ordinal);
        Assert.Contains("b is packed as A; expected a matrix packed as B",
            Assert.Throws<ArgumentException>(() =>
                SimdConv.Gemm.Multiply(Transpose.No, 3, T.One, other, 3, a, T.Zero, c, 4, scalar)).Message,
                    StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() =>
            SimdConv.Gemm.Multiply((PackedMatrix<T>)null!, Transpose.No, 3, other, 3, T.Zero, c, 3));
        Assert.Contains("matrix holds 12 elements; expected at least 16",
            Assert.Throws<ArgumentException>(() => SimdConv.Gemm.Pack<T>(GemmSide.B, Transpose.No, 4, 4, matrix, 4)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void WrongBiasOrStrideIsRefused()
    {
        T[] a = new T[12], b = new T[12], c = new T[9];
        Refused("epilogue.RowBias holds 2 elements; expected 3", () => Fused(new() { RowBias = new T[2] }));
        Refused("epilogue.ColumnBias holds 4 elements; expected 3", () => Fused(new() { ColumnBias = new T[4] }));
        Refused("both hold elements; expected one of them", () => Fused(new() { RowBias = new T[3], ColumnBias = new T[3] }));
        Refused("epilogue.Activation is 99; expected None, Relu, Relu6, LeakyRelu, Tanh, HardSwish, Sigmoid, Silu,",
            () => Fused(new() { Activation = (Activation)99 }));
        Refused("c shares elements with the bias", () => Fused(new() { RowBias = c.AsSpan(2, 3) }));
        Refused("strideC is 8; expected 9 or more", () => Batched(2, 0, 8));
        Refused("strideA is -1; expected 0 or more", () => Batched(2, -1, 9));
        Refused("batch is -2; expected 0 or more", () => Batched(-2, 0, 9));
        Refused("c holds 9 elements; expected at least 18", () => Batched(2, 0, 9));

        void Fused(GemmEpilogue<T> epilogue) =>
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, 3, 3, 4, T.One, a, 4, b, 3, T.Zero, c, 3, default, epilogue);
        void Batched(int batch, int strideA, int strideC) =>
            SimdConv.Gemm.MultiplyBatched(batch, Transpose.No, Transpose.No, 3, 3, 4, T.One, a, 4, strideA,
            b, 3, 0, T.Zero, strideC < 9 ? new T[100] : c, 3, strideC);
        void Refused(string says, Action call) =>
            Assert.Contains(says, Assert.ThrowsAny<ArgumentException>(call).Message, StringComparison.Ordinal);
    }

    private static void Packed(SimdTier tier, GemmCase g, GemmSide side, int threads)
    {
        if (side == GemmSide.A)
            g = g with { Alpha = 1, TransA = g.TransA };
        Matrices m = new(g);
        T alpha = T.CreateTruncating(g.Alpha), beta = T.CreateTruncating(g.Beta);
        T[] c = (T[])m.C.Clone(), expected = (T[])m.C.Clone();
        if (side == GemmSide.A)
            SimdConv.Gemm.Multiply(SimdConv.Gemm.Pack<T>(GemmSide.A, g.TransA, g.M, g.K, m.A, m.Lda, tier), g.TransB, g.N, m.B,
                m.Ldb, beta, c, m.Ldc, tier.Run(threads));
        else
            SimdConv.Gemm.Multiply(g.TransA, g.M, alpha, m.A, m.Lda,
                SimdConv.Gemm.Pack<T>(GemmSide.B, g.TransB, g.K, g.N, m.B, m.Ldb, tier), beta, c, m.Ldc, tier.Run(threads));
        GemmChain.Multiply(g, alpha, m.A, m.Lda, m.B, m.Ldb, beta, expected, m.Ldc);
        Compare.Equal<T>(expected, c, $"C with {side} packed");
    }

    private static void Fused(SimdTier tier, GemmCase g, bool byRows, int threads)
    {
        Matrices m = new(g);
        T alpha = T.CreateTruncating(g.Alpha), beta = T.CreateTruncating(g.Beta);
        // One bias for all of C, or one a row or a column.
        int biases = !byRows ? g.N : g.Seed % 3 == 0 ? 1 : g.M;
        T[] bias = Data.Make<T>(biases, DataKind.Real, g.Seed + 9), c = (T[])m.C.Clone(), expected = (T[])m.C.Clone();
        GemmEpilogue<T> epilogue = byRows
            ? new() { RowBias = bias, Activation = Activation.Relu }
            : new() { ColumnBias = bias, Activation = Activation.Relu };
        SimdConv.Gemm.Multiply(g.TransA, g.TransB, g.M, g.N, g.K, alpha, m.A, m.Lda, m.B, m.Ldb, beta, c, m.Ldc,
            tier.Run(threads), epilogue);
        for (int i = 0; i < g.M; i++)
        {
            for (int j = 0; j < g.N; j++)
            {
                ref T element = ref expected[(i * m.Ldc) + j];
                T start = bias[byRows ? i % biases : j];
                element = beta == T.Zero ? start : T.FusedMultiplyAdd(beta, element, start);
            }
        }

        GemmChain.Multiply(g, alpha, m.A, m.Lda, m.B, m.Ldb, T.One, expected, m.Ldc);
        for (int i = 0; i < g.M; i++)
        {
            for (int j = 0; j < g.N; j++)
                expected[(i * m.Ldc) + j] = T.Max(expected[(i * m.Ldc) + j], T.Zero);
        }

        Compare.Equal<T>(expected, c, "C with bias and ReLU");
    }

    private static void Batched(SimdTier tier, GemmCase g, int batch, bool sharedB, int threads)
    {
        Matrices m = new(g);
        T alpha = T.CreateTruncating(g.Alpha), beta = T.CreateTruncating(g.Beta);
        int strideA = m.A.Length + 1, strideB = sharedB ? 0 : m.B.Length, strideC = m.C.Length + 2;
        T[] a = Data.Make<T>((long)strideA * batch, g.Data, g.Seed), b = Data.Make<T>(m.B.Length * batch, g.Data, g.Seed + 1);
        T[] c = Data.Make<T>((long)strideC * batch, g.Data, g.Seed + 2), expected = (T[])c.Clone();
        SimdConv.Gemm.MultiplyBatched(batch, g.TransA, g.TransB, g.M, g.N, g.K, alpha, a, m.Lda, strideA, b, m.Ldb, strideB, beta,
            c, m.Ldc, strideC, tier.Run(threads));
        for (int i = 0; i < batch; i++)
        {
            SimdConv.Gemm.Multiply(
                g.TransA, g.TransB, g.M, g.N, g.K, alpha, a.AsSpan(i * strideA), m.Lda, b.AsSpan(i * strideB), m.Ldb, beta,
                expected.AsSpan(i * strideC), m.Ldc, tier.Run());
        }

        Compare.Equal<T>(expected, c, $"{batch} products");
    }

    private sealed record Arb(FsCheck.Arbitrary<GemmCase> Cases, int Count);

    /// <summary>Random operands of a case; gaps hold numbers too.</summary>
    private sealed class Matrices
    {
        public Matrices(GemmCase g)
        {
            (int rowsA, int columnsA) = g.TransA == Transpose.No ? (g.M, g.K) : (g.K, g.M);
            (int rowsB, int columnsB) = g.TransB == Transpose.No ? (g.K, g.N) : (g.N, g.K);
            (Lda, Ldb, Ldc) = (Math.Max(1, columnsA + g.GapA), Math.Max(1, columnsB + g.GapB), Math.Max(1, g.N + g.GapC));
            (A, B, C) = (Make(rowsA, columnsA, Lda, g, 1), Make(rowsB, columnsB, Ldb, g, 2), Make(g.M, g.N, Ldc, g, 3));
        }

        public int Lda { get; }

        public int Ldb { get; }

        public int Ldc { get; }

        public T[] A { get; }

        public T[] B { get; }

        public T[] C { get; }

        private static T[] Make(int rows, int columns, int ld, GemmCase g, int salt) =>
            Data.Make<T>(rows == 0 || columns == 0 ? 0 : ((rows - 1) * ld) + columns, g.Data, g.Seed + salt);
    }
}
