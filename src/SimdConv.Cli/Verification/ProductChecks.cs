using System.Numerics;
using static SimdConv.Transpose;

namespace SimdConv.Cli.Verification;

/// <summary>
/// Products of an M x K matrix and a K x N one: each pair of transposes, alpha and beta, biases and activations, operands
/// packed ahead.
/// </summary>
/// <param name="M">Rows.</param>
/// <param name="N">Columns.</param>
/// <param name="K">Terms.</param>
/// <param name="IsPlain">Whether only the plain product, not transposed or scaled, is checked, for sizes that take long.</param>
internal sealed record ProductChecks(int M, int N, int K, bool IsPlain = false) : ICheckable
{
    private const double Alpha = -0.7, Beta = 0.3;

    private static readonly Transpose[] Both = [No, Yes];

    /// <summary>
    /// Sizes that take each way of the library: tiny, in place, a row, a column, transposed, packed with blocks of M, N and K.
    /// </summary>
    public static IEnumerable<ICheckable> BuiltIn()
    {
        foreach ((int m, int n, int k) in ((int, int, int)[])
        [
            (0, 3, 4), (3, 0, 4), (3, 4, 0), (1, 1, 1), (2, 3, 5), (7, 16, 9), (8, 8, 8), (13, 31, 32), (32, 32, 32), // tiny
            (5, 100, 70), (14, 65, 200), (28, 333, 64), (33, 48, 17), (40, 63, 65), (64, 96, 80), // in place
            (1, 17, 40), (1, 300, 257), (1, 1000, 600), (2, 130, 70), (2, 517, 333), (3, 70, 1000), // one row, few rows
            (9, 1, 30), (130, 1, 77), (700, 1, 300), (100, 2, 90), (333, 3, 65), // one column, few columns
            (64, 17, 80), (160, 49, 400), (257, 9, 129), (1300, 49, 400), // few columns that leave lanes empty, worth turning
            (100, 110, 120), (128, 64, 512), (96, 200, 530), (150, 257, 300), (70, 129, 1100), (200, 33, 700), (256, 300, 256),
                // panels
            (40, 300, 1024), // rows of A that lie a multiple of 4 KB apart
            (2100, 40, 24), (17, 2100, 30), (530, 90, 260), // tall, wide
        ])
        {
            yield return new ProductChecks(m, n, k);
        }

        yield return new ProductChecks(2500, 17, 300, IsPlain: true); // several blocks of rows
        yield return new ProductChecks(300, 640, 600, IsPlain: true); // shared out between threads

        // A C larger than the last cache is written past it.
        long last = SimdSupport.Caches.Where(cache => cache.Level == 3).Sum(cache => cache.Bytes),
            side = (long)Math.Sqrt(last / sizeof(float)) + 16;
        const int mostBytes = 40 << 20, bytesAnElement = 64;
        if (last is > 0 and <= mostBytes && side * side * bytesAnElement < GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4)
            yield return new ProductChecks((int)side, (int)side, 3, IsPlain: true);
    }

    public override string ToString() => $"m={M},n={N},k={K}";

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Operand<T> a = new(checker, M, K), b = new(checker, K, N);
        T[] c = checker.Data(M * N), rowBias = checker.Data(M), columnBias = checker.Data(N);
        ProductSums<T> sums = new(M, N, K, a.Values, b.Values, checker.Threads);
        CheckTransposes(checker, a, b, sums);
        if (IsPlain)
            return;
        CheckScaled(checker, a, b, c, sums);
        foreach (Activation activation in ActivationRules.All)
            CheckEpilogue(checker, a, b, rowBias, columnBias, activation, sums);
        CheckPacked(checker, a, b, c, rowBias, columnBias, sums);
    }

    private void CheckTransposes<T>(Checker<T> checker, Operand<T> a, Operand<T> b, ProductSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Expected<T> expected = sums.Expect(1, 0, null, N);
        foreach (Transpose transA in IsPlain ? [No] : Both)
        {
            foreach (Transpose transB in IsPlain ? [No] : Both)
            {
                checker.Check("product" + Suffix(transA, "a") + Suffix(transB, "b"), expected.Values, expected.Bound,
                    (result, execution) =>
                    Gemm.Multiply(transA, transB, M, N, K, T.One, a.Stored(transA), a.Ld(transA), b.Stored(transB), b.Ld(transB),
                        T.Zero,
                        result, Math.Max(1, N), execution));
            }
        }
    }

    /// <summary>alpha and beta, rows of C that lie apart.</summary>
    private void CheckScaled<T>(Checker<T> checker, Operand<T> a, Operand<T> b, T[] c, ProductSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int ldc = N + 5;
        foreach ((double alpha, double beta) in ((double, double)[])[(Alpha, 0), (1, 1), (1, Beta), (Alpha, Beta), (0, Beta)])
        {
            T typedAlpha = T.CreateTruncating(alpha), typedBeta = T.CreateTruncating(beta);
            Expected<T> expected = sums.Expect(double.CreateTruncating(typedAlpha), double.CreateTruncating(typedBeta), c, ldc);
            checker.Check("product-alpha-beta", expected.Values, expected.Bound, (result, execution) =>
            {
                Spread(c, result, ldc);
                Gemm.Multiply(No, Yes, M, N, K, typedAlpha, a.Stored(No), a.Ld(No), b.Stored(Yes), b.Ld(Yes), typedBeta, result,
                    ldc, execution);
            });
        }
    }

    private void CheckEpilogue<T>(Checker<T> checker, Operand<T> a, Operand<T> b, T[] rowBias, T[] columnBias,
        Activation activation, ProductSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T scale = T.CreateTruncating(ActivationRules.Scale), slope = T.CreateTruncating(ActivationRules.Slope);
        foreach (bool byRows in (bool[])[true, false])
        {
            Expected<T> expected = sums.Expect(1, 0, null, N, byRows ? rowBias : null, byRows ? null : columnBias, activation);
            checker.Check($"product-{(byRows ? "row" : "column")}-bias-{ActivationRules.NameOf(activation)}", expected.Values,
                expected.Bound, (result, execution) =>
                Gemm.Multiply(No, No, M, N, K, T.One, a.Stored(No), a.Ld(No), b.Stored(No), b.Ld(No), T.Zero, result,
                    Math.Max(1, N), execution,
                    new GemmEpilogue<T>
                    {
                        RowBias = byRows ? rowBias : [],
                        ColumnBias = byRows ? [] : columnBias,
                        Activation = activation,
                        Scale = scale,
                        Slope = slope,
                    }));
        }
    }

    private void CheckPacked<T>(Checker<T> checker, Operand<T> a, Operand<T> b, T[] c, T[] rowBias, T[] columnBias,
        ProductSums<T> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int ldc = N + 1;
        T beta = T.CreateTruncating(Beta), alpha = T.CreateTruncating(Alpha);
        foreach (Transpose stored in Both)
        {
            Func<Execution, PackedMatrix<T>> packedA = checker.ForEachTier(tier =>
                Gemm.Pack<T>(GemmSide.A, stored, M, K, a.Stored(stored), a.Ld(stored), tier));
            Func<Execution, PackedMatrix<T>> packedB = checker.ForEachTier(tier =>
                Gemm.Pack<T>(GemmSide.B, stored, K, N, b.Stored(stored), b.Ld(stored), tier));
            Transpose other = stored == No ? Yes : No;
            Expected<T> plain = sums.Expect(1, 0, null, ldc);
            checker.Check("product-packed-a", plain.Values, plain.Bound, (result, execution) =>
                Gemm.Multiply(packedA(execution), other, N, b.Stored(other), b.Ld(other), T.Zero, result, ldc, execution));
            checker.Check("product-packed-b", plain.Values, plain.Bound, (result, execution) =>
                Gemm.Multiply(other, M, T.One, a.Stored(other), a.Ld(other), packedB(execution), T.Zero, result, ldc, execution));

            Expected<T> ofA = sums.Expect(1, double.CreateTruncating(beta), c, ldc, rowBias, null, Activation.Relu);
            checker.Check("product-packed-a", ofA.Values, ofA.Bound, (result, execution) =>
            {
                Spread(c, result, ldc);
                Gemm.Multiply(packedA(execution), stored, N, b.Stored(stored), b.Ld(stored), beta, result, ldc, execution,
                    new GemmEpilogue<T> { RowBias = rowBias, Activation = Activation.Relu });
            });
            Expected<T> ofB = sums.Expect(double.CreateTruncating(alpha), double.CreateTruncating(beta), c, ldc, null, columnBias,
                Activation.Relu6);
            checker.Check("product-packed-b", ofB.Values, ofB.Bound, (result, execution) =>
            {
                Spread(c, result, ldc);
                Gemm.Multiply(stored, M, alpha, a.Stored(stored), a.Ld(stored), packedB(execution), beta, result, ldc, execution,
                    new GemmEpilogue<T> { ColumnBias = columnBias, Activation = Activation.Relu6 });
            });
        }
    }

    /// <summary>Puts C's rows where they lie in the result.</summary>
    private void Spread<T>(T[] c, Span<T> result, int ldc)
    {
        for (int i = 0; i < M && N > 0; i++)
            c.AsSpan(i * N, N).CopyTo(result[(i * ldc)..]);
    }

    private static string Suffix(Transpose transpose, string operand) => transpose == No ? "" : "-t" + operand;

    /// <summary>A matrix as it is stored either way; transposed rows lie apart, with NaN between them.</summary>
    private sealed class Operand<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private const int Gap = 3;

        private readonly int rows, columns;
        private readonly T[] transposed;

        public Operand(Checker<T> checker, int rows, int columns)
        {
            (this.rows, this.columns) = (rows, columns);
            Values = checker.Data(rows * columns);
            transposed = new T[columns * (rows + Gap)];
            Array.Fill(transposed, T.NaN);
            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                    transposed[(j * (rows + Gap)) + i] = Values[(i * columns) + j];
            }
        }

        public T[] Values { get; }

        public T[] Stored(Transpose transpose) => transpose == No ? Values : transposed;

        public int Ld(Transpose transpose) => transpose == No ? Math.Max(1, columns) : rows + Gap;
    }
}
