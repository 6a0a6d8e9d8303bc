using SimdConv.Loops;

namespace SimdConv;

// Operands packed ahead, and batches.
public static unsafe partial class Gemm
{
    /// <summary>Packs op(A) or op(B) once for any number of products.</summary>
    /// <param name="side">Which operand it will be.</param>
    /// <param name="transpose">Whether <paramref name="matrix"/> holds the operand (rows x columns) or its transpose.</param>
    /// <param name="rows">Rows of the operand: m of A, k of B.</param>
    /// <param name="columns">Columns of the operand: k of A, n of B.</param>
    /// <param name="matrix">The operand, row-major.</param>
    /// <param name="ld">Elements from one stored row to the next; at least its length.</param>
    /// <param name="tier">The tier of the calls that will use it; null for <see cref="SimdSupport.Best"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative or the leading dimension too small.</exception>
    /// <exception cref="ArgumentException">The span is too short, or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    /// <exception cref="OverflowException">The panels have more elements than an array can hold.</exception>
    public static PackedMatrix<T> Pack<T>(
        GemmSide side, Transpose transpose, int rows, int columns, ReadOnlySpan<T> matrix, int ld, SimdTier? tier = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier chosen = SimdSupport.Resolve(tier);
        if (unchecked((uint)side) > (uint)GemmSide.B)
            throw ArgumentErrors.OutOfRange(nameof(side), side, "A or B");
        ArgumentErrors.RequireAtLeast(rows, 0, nameof(rows));
        ArgumentErrors.RequireAtLeast(columns, 0, nameof(columns));
        (int storedRows, int storedColumns) = Stored(transpose, rows, columns, nameof(transpose));
        RequireMatrix(matrix, storedRows, storedColumns, ld, nameof(matrix), nameof(ld));
        fixed (T* data = matrix)
            return new PackedMatrix<T>(side, chosen, rows, columns, Strides(data, ld, transpose));
    }

    /// <summary>
    /// Takes a matrix from a file. Its panels stay where they are, if they are for the tier and are laid out as here; else the
    /// elements that the file may have too are packed.
    /// </summary>
    /// <param name="file">The file; it has to stay open as long as the matrix is used.</param>
    /// <param name="index">The matrix's number among all that is in the file.</param>
    /// <param name="tier">The tier of the calls that will use it; null for <see cref="SimdSupport.Best"/>.</param>
    /// <exception cref="ArgumentNullException">There is no file.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The file has nothing of that number.</exception>
    /// <exception cref="ArgumentException">The file has a filter there, or elements of another type, or the tier is not
    /// available.</exception>
    /// <exception cref="NotSupportedException">The matrix is packed for another tier or CPU and the file doesn't have its
    /// elements, or T is neither float nor double.</exception>
    /// <exception cref="InvalidDataException">The file has impossible sizes there.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed of.</exception>
    public static PackedMatrix<T> Load<T>(PackedFile file, int index, SimdTier? tier = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        ArgumentNullException.ThrowIfNull(file);
        return PackedMatrix<T>.Load(file, index, SimdSupport.Resolve(tier));
    }

    /// <summary>C = activation(A * op(B) + beta * C + bias), A packed ahead.</summary>
    /// <param name="a">A, m x k, packed as <see cref="GemmSide.A"/> for the tier of this call.</param>
    /// <param name="transB">Whether <paramref name="b"/> holds op(B) (k x n) or its transpose (n x k).</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="b">B, row-major.</param>
    /// <param name="ldb">Elements from one stored row of B to the next; at least its length.</param>
    /// <param name="beta">Multiplies what C holds before; with 0, C is not read.</param>
    /// <param name="c">C, row-major; shares no element with B or a bias.</param>
    /// <param name="ldc">Elements from one row of C to the next; at least n.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <param name="epilogue">Bias and activation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative or a leading dimension too small.</exception>
    /// <exception cref="ArgumentException">A is packed as B or for another tier, a span is too short, or C overlaps an
    /// operand.</exception>
    /// <exception cref="ObjectDisposedException">A is in a file that has been disposed of.</exception>
    public static void Multiply<T>(
        PackedMatrix<T> a, Transpose transB, int n, ReadOnlySpan<T> b, int ldb, T beta, Span<T> c, int ldc,
        Execution execution = default, GemmEpilogue<T> epilogue = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(a);
        using FileHold hold = new(a.File);
        Run(Transpose.No, transB, a.Rows, n, a.Columns, T.One, default, 0, a, b, ldb, null, beta, c, ldc, epilogue, execution);
    }

    /// <summary>C = activation(alpha * op(A) * B + beta * C + bias), B packed ahead.</summary>
    /// <param name="transA">Whether <paramref name="a"/> holds op(A) (m x k) or its transpose (k x m).</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="alpha">Multiplies the elements of op(A) ahead of the chains.</param>
    /// <param name="a">A, row-major.</param>
    /// <param name="lda">Elements from one stored row of A to the next; at least its length.</param>
    /// <param name="b">B, k x n, packed as <see cref="GemmSide.B"/> for the tier of this call.</param>
    /// <param name="beta">Multiplies what C holds before; with 0, C is not read.</param>
    /// <param name="c">C, row-major; shares no element with A or a bias.</param>
    /// <param name="ldc">Elements from one row of C to the next; at least n.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <param name="epilogue">Bias and activation.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative or a leading dimension too small.</exception>
    /// <exception cref="ArgumentException">B is packed as A or for another tier, a span is too short, or C overlaps an
    /// operand.</exception>
    /// <exception cref="ObjectDisposedException">B is in a file that has been disposed of.</exception>
    public static void Multiply<T>(
        Transpose transA, int m, T alpha, ReadOnlySpan<T> a, int lda, PackedMatrix<T> b, T beta, Span<T> c, int ldc,
        Execution execution = default, GemmEpilogue<T> epilogue = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(b);
        using FileHold hold = new(b.File);
        Run(transA, Transpose.No, m, b.Columns, b.Rows, alpha, a, lda, null, default, 0, b, beta, c, ldc, epilogue, execution);
    }

    /// <summary>C[i] = alpha * op(A[i]) * op(B[i]) + beta * C[i] for products of one shape, constant distances apart.</summary>
    /// <param name="batch">How many products.</param>
    /// <param name="transA">Whether each A holds op(A) (m x k) or its transpose (k x m).</param>
    /// <param name="transB">Whether each B holds op(B) (k x n) or its transpose (n x k).</param>
    /// <param name="m">Rows of op(A) and C.</param>
    /// <param name="n">Columns of op(B) and C.</param>
    /// <param name="k">Columns of op(A), rows of op(B).</param>
    /// <param name="alpha">Multiplies op(A) * op(B).</param>
    /// <param name="a">The first A, row-major.</param>
    /// <param name="lda">Elements from one stored row of A to the next; at least its length.</param>
    /// <param name="strideA">Elements from one A to the next; 0 uses one for all products. A batch of one has no strides: they
    /// may be any number.</param>
    /// <param name="b">The first B, row-major.</param>
    /// <param name="ldb">Elements from one stored row of B to the next; at least its length.</param>
    /// <param name="strideB">Elements from one B to the next; 0 uses one for all products.</param>
    /// <param name="beta">Multiplies what each C holds before; with 0, C is not read.</param>
    /// <param name="c">The first C, row-major; shares no element with any A or B.</param>
    /// <param name="ldc">Elements from one row of C to the next; at least n.</param>
    /// <param name="strideC">Elements from one C to the next; no two of them share an element.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or stride is negative, a leading dimension too small, or elements of
    /// two C share a place.</exception>
    /// <exception cref="ArgumentException">A span is too short, C overlaps an operand, or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void MultiplyBatched<T>(int batch, Transpose transA, Transpose transB, int m, int n, int k, T alpha,
        ReadOnlySpan<T> a, int lda, int strideA, ReadOnlySpan<T> b, int ldb, int strideB, T beta, Span<T> c, int ldc, int strideC,
        Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier tier = execution.Validate();
        ArgumentErrors.RequireAtLeast(batch, 0, nameof(batch));
        ArgumentErrors.RequireAtLeast(m, 0, nameof(m));
        ArgumentErrors.RequireAtLeast(n, 0, nameof(n));
        ArgumentErrors.RequireAtLeast(k, 0, nameof(k));
        if (batch > 1)
        {
            ArgumentErrors.RequireAtLeast(strideA, 0, nameof(strideA));
            ArgumentErrors.RequireAtLeast(strideB, 0, nameof(strideB));
        }

        (int aRows, int aColumns) = Stored(transA, m, k, nameof(transA));
        (int bRows, int bColumns) = Stored(transB, k, n, nameof(transB));
        RequireBatch(a, batch, aRows, aColumns, lda, strideA, nameof(a), nameof(lda));
        RequireBatch(b, batch, bRows, bColumns, ldb, strideB, nameof(b), nameof(ldb));
        RequireBatch((ReadOnlySpan<T>)c, batch, m, n, ldc, strideC, nameof(c), nameof(ldc));
        if (batch > 1 && (strideC < 0 || !StridedSums.AreDistinct((strideC, batch), (ldc, m), (1, n))))
        {
            throw ArgumentErrors.OutOfRange(nameof(strideC), strideC,
                $"{((long)(m - 1) * ldc) + n} or more, or one by which a batch of {batch} interleaves, so "
                + "that no C overlaps another");
        }

        fixed (T* pa = a, pb = b, pc = c)
        {
            ElementSet<T> output = new(pc, (strideC, batch), (ldc, m), (1, n));
            if (output.Intersects(new ElementSet<T>(pa, (strideA, batch), (lda, aRows), (1, aColumns))))
                throw ArgumentErrors.Overlap(nameof(c), nameof(a));
            if (output.Intersects(new ElementSet<T>(pb, (strideB, batch), (ldb, bRows), (1, bColumns))))
                throw ArgumentErrors.Overlap(nameof(c), nameof(b));
            if (m == 0 || n == 0)
                return;
            GemmBatch<T> products = new()
            {
                First = new()
                {
                    M = m,
                    N = n,
                    K = alpha == T.Zero ? 0 : k,
                    Alpha = alpha,
                    Beta = beta,
                    A = Strides(pa, lda, transA),
                    B = Strides(pb, ldb, transB),
                    C = pc,
                    Ldc = ldc,
                },
                StrideA = strideA,
                StrideB = strideB,
                StrideC = strideC,
                Count = batch,
            };
            if (Telemetry.IsOn)
                Tell(Operation.GemmBatched, &products.First, batch, tier);
            TierLoops<T>.For(tier).GemmBatched(&products, execution);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Tell<T>(Operation operation, GemmProblem<T>* problem, int batch, SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Telemetry.Count<T>(operation, tier))
            Telemetry.Tell<T>(operation, tier, $"{batch} of {problem->M} x {problem->N} x {problem->K}",
                TierLoops<T>.For(tier).Describe(problem));
    }

    private static void RequireBatch<T>(
        ReadOnlySpan<T> matrices, int batch, int rows, int columns, int ld, int stride, string argument, string ldArgument)
    {
        ArgumentErrors.RequireAtLeast(ld, Math.Max(1, columns), ldArgument);
        long needed = rows == 0 || columns == 0 || batch == 0
            ? 0
            : ((long)(batch - 1) * Math.Max(0, stride)) + ((long)(rows - 1) * ld) + columns;
        if (matrices.Length < needed)
            throw ArgumentErrors.TooShort(argument, matrices.Length, needed,
                $"{batch} of {rows} x {columns} with {ldArgument} = {ld}");
    }
}
