using System.Diagnostics.CodeAnalysis;
using SimdConv.Kernels;
using SimdConv.Loops;
using SimdConv.Packing;

namespace SimdConv;

/// <summary>
/// General matrix multiplication on row-major matrices, float or double. Each element of C is one chain of multiply-adds in
/// ascending k, fused where the tier fuses, so that results depend on no thread count, block size, matrix size or fusing tier.
/// </summary>
public static unsafe partial class Gemm
{
    /// <summary>C = alpha * op(A) * op(B) + beta * C, where op transposes or not.</summary>
    /// <remarks>
    /// BLAS semantics: with beta = 0 C is not read, with alpha = 0 neither A nor B; any of m, n and k may be 0. alpha multiplies
    /// the elements of op(A), rounded, ahead of the chain. The algorithm is Goto and van de Geijn's (ACM TOMS 34(3), 2008).
    /// </remarks>
    /// <param name="transA">Whether <paramref name="a"/> holds op(A) (m x k) or its transpose (k x m).</param>
    /// <param name="transB">Whether <paramref name="b"/> holds op(B) (k x n) or its transpose (n x k).</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="alpha">Multiplies op(A) * op(B).</param>
    /// <param name="a">A, row-major.</param>
    /// <param name="lda">Elements from one stored row of A to the next; at least its length.</param>
    /// <param name="b">B, row-major.</param>
    /// <param name="ldb">Elements from one stored row of B to the next; at least its length.</param>
    /// <param name="beta">Multiplies what C holds before.</param>
    /// <param name="c">C, row-major; shares no element with A or B. Elements between its rows are not touched.</param>
    /// <param name="ldc">Elements from one row of C to the next; at least n.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative or a leading dimension too small.</exception>
    /// <exception cref="ArgumentException">A span is too short, C overlaps an operand, or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    [SkipLocalsInit]
    public static void Multiply<T>(Transpose transA, Transpose transB, int m, int n, int k, T alpha, ReadOnlySpan<T> a, int lda,
        ReadOnlySpan<T> b, int ldb, T beta, Span<T> c, int ldc, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run(transA, transB, m, n, k, alpha, a, lda, null, b, ldb, null, beta, c, ldc, default, execution);

    /// <summary>C = activation(alpha * op(A) * op(B) + beta * C + bias): a bias is as long as C has rows or columns, and shares
    /// no element with C.</summary>
    /// <inheritdoc cref="Multiply{T}(Transpose, Transpose, int, int, int, T, ReadOnlySpan{T}, int, ReadOnlySpan{T}, int, T,
    /// Span{T}, int, Execution)"/>
    public static void Multiply<T>(Transpose transA, Transpose transB, int m, int n, int k, T alpha, ReadOnlySpan<T> a, int lda,
        ReadOnlySpan<T> b, int ldb, T beta, Span<T> c, int ldc, Execution execution, GemmEpilogue<T> epilogue)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Run(transA, transB, m, n, k, alpha, a, lda, null, b, ldb, null, beta, c, ldc, epilogue, execution);

    /// <summary>C = A * B for contiguous matrices: A is m x k, B is k x n, C is m x n.</summary>
    /// <inheritdoc cref="Multiply{T}(Transpose, Transpose, int, int, int, T, ReadOnlySpan{T}, int, ReadOnlySpan{T}, int, T,
    /// Span{T}, int, Execution)"/>
    public static void Multiply<T>(
        int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> c, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Multiply(Transpose.No, Transpose.No, m, n, k, T.One, a, Math.Max(1, k), b, Math.Max(1, n), T.Zero, c, Math.Max(1, n),
            execution);

    /// <summary>
    /// Checks everything, then makes the one virtual call. Inlined, so that what a caller doesn't use costs it nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining), SkipLocalsInit]
    private static void Run<T>(
        Transpose transA, Transpose transB, int m, int n, int k, T alpha, ReadOnlySpan<T> a, int lda, PackedMatrix<T>? packedA,
        ReadOnlySpan<T> b, int ldb, PackedMatrix<T>? packedB, T beta, Span<T> c, int ldc, GemmEpilogue<T> epilogue,
        in Execution execution)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(m, 0, nameof(m));
        ArgumentErrors.RequireAtLeast(n, 0, nameof(n));
        ArgumentErrors.RequireAtLeast(k, 0, nameof(k));
        (int aRows, int aColumns) = Stored(transA, m, k, nameof(transA));
        (int bRows, int bColumns) = Stored(transB, k, n, nameof(transB));
        long aExtent = 0, bExtent = 0;
        if (packedA is null)
            aExtent = RequireMatrix(a, aRows, aColumns, lda, nameof(a), nameof(lda));
        else
            packedA.Require(GemmSide.A, tier, nameof(a));
        if (packedB is null)
            bExtent = RequireMatrix(b, bRows, bColumns, ldb, nameof(b), nameof(ldb));
        else
            packedB.Require(GemmSide.B, tier, nameof(b));
        long cExtent = RequireMatrix((ReadOnlySpan<T>)c, m, n, ldc, nameof(c), nameof(ldc));
        bool hasEpilogue = epilogue.RowBias.Length > 0 || epilogue.ColumnBias.Length > 0
            || epilogue.Activation != Activation.None;
        Finish<T> finish = hasEpilogue ? Checked(epilogue, m, n) : default;

        fixed (T* pa = a, pb = b, pc = c, rowBias = epilogue.RowBias, columnBias = epilogue.ColumnBias)
        {
            if (packedA is null && RangesMeet(pc, cExtent, pa, aExtent) && ShareElements(pc, m, n, ldc, pa, aRows, aColumns, lda))
                throw ArgumentErrors.Overlap(nameof(c), nameof(a));
            if (packedB is null && RangesMeet(pc, cExtent, pb, bExtent) && ShareElements(pc, m, n, ldc, pb, bRows, bColumns, ldb))
                throw ArgumentErrors.Overlap(nameof(c), nameof(b));
            int rows = epilogue.RowBias.Length, columns = epilogue.ColumnBias.Length;
            if (hasEpilogue && ((RangesMeet(pc, cExtent, rowBias, rows) && ShareElements(pc, m, n, ldc, rowBias, 1, rows, rows))
                || (RangesMeet(pc, cExtent, columnBias, columns)
                    && ShareElements(pc, m, n, ldc, columnBias, 1, columns, columns))))
                throw ArgumentErrors.Overlap(nameof(c), "the bias");
            if (m == 0 || n == 0)
                return;

            // Field by field: an initializer would build it twice.
            GemmProblem<T> problem;
            problem.M = m;
            problem.N = n;
            problem.K = alpha == T.Zero ? 0 : k;
            problem.Alpha = alpha;
            problem.Beta = beta;
            problem.A = Strides(pa, lda, transA);
            problem.B = Strides(pb, ldb, transB);
            problem.C = pc;
            problem.Ldc = ldc;
            problem.PackedA = packedA is null ? null : packedA.Panels;
            problem.PackedB = packedB is null ? null : packedB.Panels;
            problem.PackedColumn = problem.PanelPart = problem.PanelParts = 0;
            problem.RowBias = rowBias;
            problem.RowBiasStep = rows == m ? 1 : 0;
            problem.ColumnBias = columnBias;
            problem.Finish = finish;
            if (Telemetry.IsOn)
                Tell(Operation.Gemm, &problem, 1, tier);
            TierLoops<T>.For(tier).Gemm(&problem, execution);
            GC.KeepAlive(packedA);
            GC.KeepAlive(packedB);
        }
    }

    private static Finish<T> Checked<T>(GemmEpilogue<T> epilogue, int m, int n)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (epilogue.RowBias.Length > 0 && epilogue.ColumnBias.Length > 0)
            throw new ArgumentException(
                "epilogue.RowBias and epilogue.ColumnBias both hold elements; expected one of them.", nameof(epilogue));
        if (epilogue.RowBias.Length > 1 && epilogue.RowBias.Length != m)
            throw new ArgumentException(
                $"epilogue.RowBias holds {epilogue.RowBias.Length} elements; expected {m}, one a row of C, one for all, or none.",
                nameof(epilogue));
        if (epilogue.ColumnBias.Length > 0 && epilogue.ColumnBias.Length != n)
            throw new ArgumentException(
                $"epilogue.ColumnBias holds {epilogue.ColumnBias.Length} elements; expected {n}, one a column of C, or none.",
                nameof(epilogue));
        return Finish<T>.Of(epilogue.Activation, epilogue.Scale, epilogue.Slope, epilogue.Alpha, epilogue.Beta);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Rows, int Columns) Stored(Transpose transpose, int rows, int columns, string argument)
    {
        if (unchecked((uint)transpose) > (uint)Transpose.Yes)
            ThrowTranspose(transpose, argument);
        return transpose == Transpose.No ? (rows, columns) : (columns, rows);
    }

    /// <summary>Returns the extent, which overlaps are looked for in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long RequireMatrix<T>(
        ReadOnlySpan<T> matrix, int rows, int columns, int ld, string argument, string ldArgument)
    {
        long extent = Extent(rows, columns, ld);
        if (ld < 1 || ld < columns || matrix.Length < extent)
            ThrowMatrix(argument, matrix.Length, rows, columns, ld, ldArgument);
        return extent;
    }

    /// <summary>Elements from the first of a matrix to its last, both counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Extent(int rows, int columns, int ld) =>
        rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * ld) + columns;

    // Apart, so that what is checked at every call stays small enough to be inlined, and keeps nothing for the message in
    // registers.
    [DoesNotReturn]
    private static void ThrowTranspose(Transpose transpose, string argument) =>
        throw ArgumentErrors.OutOfRange(argument, transpose, "No or Yes");

    [DoesNotReturn]
    private static void ThrowMatrix(string argument, int length, int rows, int columns, int ld, string ldArgument)
    {
        ArgumentErrors.RequireAtLeast(ld, Math.Max(1, columns), ldArgument);
        throw ArgumentErrors.TooShort(argument, length, Extent(rows, columns, ld),
            $"{rows} x {columns} with {ldArgument} = {ld}");
    }

    /// <summary>Whether the ranges of two matrices overlap, without which they share no element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool RangesMeet<T>(T* x, long xExtent, T* y, long yExtent)
        where T : unmanaged =>
        x < y + yExtent && y < x + xExtent;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ShareElements<T>(T* x, int xRows, int xColumns, int xLd, T* y, int yRows, int yColumns, int yLd)
        where T : unmanaged =>
        new ElementSet<T>(x, (xLd, xRows), (1, xColumns)).Intersects(new ElementSet<T>(y, (yLd, yRows), (1, yColumns)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static StridedMatrix<T> Strides<T>(T* data, int ld, Transpose transpose)
        where T : unmanaged =>
        transpose == Transpose.No
            ? new() { Data = data, RowStride = ld, ColumnStride = 1 }
            : new() { Data = data, RowStride = 1, ColumnStride = ld };
}
