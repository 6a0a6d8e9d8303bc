namespace SimdConv.Reference;

/// <summary>Matrix multiplication in three plain loops: what <see cref="Gemm"/> is tested against.</summary>
public static class ReferenceGemm
{
    /// <summary>
    /// C = alpha * op(A) * op(B) + beta * C, row-major; op(A) is m x k, op(B) k x n, C m x n. Sums are kept in about twice the
    /// precision of T and rounded once. alpha = 0 never reads A or B, beta = 0 never reads C.
    /// </summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="transA">Whether A is stored transposed, k x m.</param>
    /// <param name="transB">Whether B is stored transposed, n x k.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="k">Terms of one element of C.</param>
    /// <param name="alpha">Multiplies the product.</param>
    /// <param name="a">A's elements.</param>
    /// <param name="lda">Elements from one stored row of A to the next.</param>
    /// <param name="b">B's elements.</param>
    /// <param name="ldb">Elements from one stored row of B to the next.</param>
    /// <param name="beta">Multiplies what C holds before.</param>
    /// <param name="c">C's elements.</param>
    /// <param name="ldc">Elements from one row of C to the next.</param>
    public static void Multiply<T>(Transpose transA, Transpose transB, int m, int n, int k, T alpha, ReadOnlySpan<T> a, int lda,
        ReadOnlySpan<T> b, int ldb, T beta, Span<T> c, int ldc)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int rowA, int termA) = transA == Transpose.No ? (lda, 1) : (1, lda);
        (int columnB, int termB) = transB == Transpose.No ? (1, ldb) : (ldb, 1);
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                Accumulator<T> sum = default;
                if (!T.IsZero(alpha))
                {
                    for (int l = 0; l < k; l++)
                        sum.AddProduct(a[(i * rowA) + (l * termA)], b[(l * termB) + (j * columnB)]);
                    sum.MultiplyBy(alpha);
                }

                ref T element = ref c[(i * ldc) + j];
                if (!T.IsZero(beta))
                    sum.AddProduct(beta, element);
                element = sum.Result;
            }
        }
    }
}
