using System.Numerics;
using SimdConv.Tests.Generators;

namespace SimdConv.Tests.Support;

/// <summary>
/// The order of operations that the numeric contract promises of a GEMM: one chain of fused multiply-adds an element.
/// </summary>
internal static class GemmChain
{
    public static void Multiply<T>(
        GemmCase g, T alpha, ReadOnlySpan<T> a, int lda, ReadOnlySpan<T> b, int ldb, T beta, Span<T> c, int ldc)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < g.M; i++)
        {
            for (int j = 0; j < g.N; j++)
            {
                ref T element = ref c[(i * ldc) + j];
                T sum = beta == T.Zero ? T.Zero : T.FusedMultiplyAdd(beta, element, T.Zero);
                for (int l = 0; l < g.K && alpha != T.Zero; l++)
                {
                    T left = g.TransA == Transpose.No ? a[(i * lda) + l] : a[(l * lda) + i];
                    T right = g.TransB == Transpose.No ? b[(l * ldb) + j] : b[(j * ldb) + l];
                    sum = T.FusedMultiplyAdd(alpha * left, right, sum);
                }

                element = sum;
            }
        }
    }
}
