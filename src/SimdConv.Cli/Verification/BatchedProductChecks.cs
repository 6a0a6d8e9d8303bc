using System.Numerics;
using static SimdConv.Transpose;

namespace SimdConv.Cli.Verification;

/// <summary>Products of as many matrices as a batch has, with an A of each or one for all.</summary>
internal sealed record BatchedProductChecks(int Batch, int M, int N, int K) : ICheckable
{
    private const double Beta = 0.3;

    public static IEnumerable<ICheckable> BuiltIn()
    {
        foreach ((int batch, int m, int n, int k) in ((int, int, int, int)[])
        [
            (0, 3, 4, 5), (1, 5, 6, 7), (5, 7, 9, 11), (16, 1, 33, 20), (12, 20, 1, 31), (3, 64, 64, 64), (2, 40, 100, 300),
                (7, 17, 49, 64), (64, 6, 25, 5),
        ])
        {
            yield return new BatchedProductChecks(batch, m, n, k);
        }
    }

    public override string ToString() => $"batch={Batch},m={M},n={N},k={K}";

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Matrices lie apart, with NaN between them.
        const int gap = 7;
        int strideA = (M * K) + gap, strideB = (K * N) + gap, strideC = (M * N) + gap;
        T[] a = Apart(M * K, strideA), b = Apart(K * N, strideB), c = Apart(M * N, strideC);
        T beta = T.CreateTruncating(Beta);
        foreach (bool isShared in (bool[])[false, true])
        {
            foreach (T factor in (T[])[T.Zero, beta])
            {
                T[] expected = new T[Batch == 0 ? 0 : (Batch * strideC) - gap];
                double[] bounds = new double[expected.Length];
                Array.Fill(expected, T.NaN);
                for (int n = 0; n < Batch; n++)
                {
                    ProductSums<T> sums = new(M, N, K, a.AsSpan(isShared ? 0 : n * strideA, M * K).ToArray(),
                        b.AsSpan(n * strideB, K * N).ToArray(), 1);
                    Expected<T> one = sums.Expect(1, double.CreateTruncating(factor), c.AsSpan(n * strideC, M * N).ToArray(), N);
                    one.Values.CopyTo(expected, n * strideC);
                    one.Bounds.CopyTo(bounds, n * strideC);
                }

                checker.Check(isShared ? "product-batched-shared-a" : "product-batched", expected, i => bounds[i],
                    (result, execution) =>
                {
                    if (factor != T.Zero)
                        c.AsSpan(0, result.Length).CopyTo(result);
                    Gemm.MultiplyBatched<T>(Batch, No, No, M, N, K, T.One, a, K, isShared ? 0 : strideA, b, N, strideB, factor,
                        result, N, strideC, execution);
                });
            }
        }

        T[] Apart(int count, int stride)
        {
            T[] all = new T[Math.Max(1, Batch) * stride];
            Array.Fill(all, T.NaN);
            for (int n = 0; n < Math.Max(1, Batch); n++)
                checker.Data(count).CopyTo(all, n * stride);
            return all;
        }
    }
}
