using System.Numerics;

namespace SimdConv.Bits;

/// <summary>
/// Products by every way of GEMM: tiny ones, one row, one column, few ragged columns, operands read in place (alpha = 1) and
/// packed (alpha != 1), several blocks of rows, columns and terms, operands packed ahead, batches, biases and activations.
/// </summary>
internal static class GemmBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (int M, int N, int K)[] Sizes =
    [
        (1, 1, 1), (3, 5, 7), (8, 8, 8), (16, 16, 16), (1, 257, 300), (2, 130, 65), (253, 1, 129), (61, 3, 190), (6, 96, 25),
        (5, 64, 700),
        (37, 41, 47), (64, 64, 64), (100, 10, 84), (70, 33, 1030), (131, 140, 129), (20, 1000, 9), (150, 200, 31), (33, 515, 70),
        (4, 12, 4000),
    ];

    public static IEnumerable<BitCase> Cases()
    {
        foreach ((int m, int n, int k) in Sizes)
        {
            string size = $"{typeof(T).Name}/{m}x{n}x{k}";
            yield return new($"gemm/{size}/plain", execution => Transposes(m, n, k, T.One, T.Zero, execution));
            yield return new($"gemm/{size}/alpha,beta",
                execution => Transposes(m, n, k, T.CreateTruncating(1.25), T.CreateTruncating(-0.5), execution));
            yield return new($"gemm/{size}/packed,epilogue", execution => Packed(m, n, k, execution));
        }

        yield return new($"gemm/{typeof(T).Name}/batch", Batch);
        yield return new($"gemm/{typeof(T).Name}/special", Special);
        yield return new($"gemm/{typeof(T).Name}/one-bias", OneBias);
    }

    /// <summary>All four transposes, leading dimensions larger than rows are long.</summary>
    private static ulong Transposes(int m, int n, int k, T alpha, T beta, Execution execution)
    {
        Digest digest = new();
        foreach (Transpose transA in (Transpose[])[Transpose.No, Transpose.Yes])
        {
            foreach (Transpose transB in (Transpose[])[Transpose.No, Transpose.Yes])
            {
                (int lda, int aRows) = transA == Transpose.No ? (k + 1, m) : (m + 1, k);
                (int ldb, int bRows) = transB == Transpose.No ? (n, k) : (k + 3, n);
                T[] a = Numbers.Make<T>((long)lda * aRows, m), b = Numbers.Make<T>((long)ldb * bRows, n + 1000),
                    c = Numbers.Make<T>((long)(n + 2) * m, k + 2000);
                Gemm.Multiply<T>(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, n + 2, execution);
                digest.Add<T>(c);
            }
        }

        return digest.Value;
    }

    /// <summary>Either operand packed ahead, then neither, each with a bias of its own and an activation.</summary>
    private static ulong Packed(int m, int n, int k, Execution execution)
    {
        T[] a = Numbers.Make<T>((long)m * k, 1), b = Numbers.Make<T>((long)k * n, 2), c = Numbers.Make<T>((long)m * n, 3);
        T[] rows = Numbers.Make<T>(m, 4), columns = Numbers.Make<T>(n, 5);
        T half = T.CreateTruncating(0.5);
        Digest digest = new();
        PackedMatrix<T> packedA = Gemm.Pack<T>(GemmSide.A, Transpose.No, m, k, a, k, execution.Tier);
        Gemm.Multiply(packedA, Transpose.No, n, b, n, half, c, n, execution,
            new GemmEpilogue<T> { RowBias = rows, Activation = Activation.Relu });
        digest.Add<T>(c);
        PackedMatrix<T> packedB = Gemm.Pack<T>(GemmSide.B, Transpose.No, k, n, b, n, execution.Tier);
        Gemm.Multiply(Transpose.No, m, T.One, a, k, packedB, T.Zero, c, n, execution,
            new GemmEpilogue<T> { ColumnBias = columns, Activation = Activation.Tanh });
        digest.Add<T>(c);
        Gemm.Multiply(Transpose.No, Transpose.No, m, n, k, T.One, a, k, b, n, T.Zero, c, n, execution,
            new GemmEpilogue<T> { ColumnBias = columns, Activation = Activation.LeakyRelu, Slope = half });
        digest.Add<T>(c);
        return digest.Value;
    }

    private static ulong Batch(Execution execution)
    {
        (int batch, int m, int n, int k) = (6, 31, 45, 53);
        T[] a = Numbers.Make<T>((long)batch * m * k, 6), b = Numbers.Make<T>((long)k * n, 7),
            c = Numbers.Make<T>((long)batch * m * n, 8);
        Digest digest = new();
        Gemm.MultiplyBatched<T>(
            batch, Transpose.No, Transpose.No, m, n, k, T.One, a, k, m * k, b, n, 0, T.One, c, n, m * n, execution);
        digest.Add<T>(c);
        return digest.Value;
    }

    /// <summary>A bias for all of C: read in place, packed, and a single row.</summary>
    private static ulong OneBias(Execution execution)
    {
        Digest digest = new();
        foreach ((int m, int n, int k) in ((int, int, int)[])[(1, 40, 30), (37, 41, 47), (150, 200, 31)])
        {
            T[] a = Numbers.Make<T>((long)m * k, 1), b = Numbers.Make<T>((long)k * n, 2), c = Numbers.Make<T>((long)m * n, 3);
            foreach (T beta in (T[])[T.CreateTruncating(0.5), T.Zero])
            {
                Gemm.Multiply(Transpose.No, Transpose.No, m, n, k, T.One, a, k, b, n, beta, c, n, execution,
                    new GemmEpilogue<T> { RowBias = Numbers.Make<T>(1, 4) });
                digest.Add<T>(c);
            }
        }

        return digest.Value;
    }

    private static ulong Special(Execution execution)
    {
        Digest digest = new();
        foreach ((int m, int n, int k) in Sizes.Where(size => (long)size.M * size.N * size.K <= 100_000))
        {
            T[] a = Numbers.WithSpecialValues<T>((long)m * k, 9), b = Numbers.WithSpecialValues<T>((long)k * n, 10),
                c = new T[m * n];
            Gemm.Multiply<T>(m, n, k, a, b, c, execution);
            digest.Add<T>(c);
        }

        return digest.Value;
    }
}
