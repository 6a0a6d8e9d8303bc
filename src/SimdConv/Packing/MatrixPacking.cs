using SimdConv.Kernels;

namespace SimdConv.Packing;

/// <summary>Copies blocks of matrices into the panels that tiles read.</summary>
internal static unsafe class MatrixPacking<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// How many rows of B ahead are fetched: a block is too narrow for the hardware to see where the next row begins.
    /// </summary>
    private const int PrefetchRows = 4;

    /// <summary>alpha * A[rows x kc] as one panel: the rows of each k behind each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackA(StridedMatrix<T> a, int rows, int kc, T alpha, T* panel)
    {
        T* end = panel + ((nint)rows * kc);
        int w = TVec.Count, whole = rows / w * w;
        if (a.ColumnStride == 1)
        {
            // The rows that don't fill a register come first: what is written behind them is overwritten by the rows of whole
            // registers.
            if (whole < rows)
                TransposeBlocks<TVec, T>.Run(
                    a.Data + (whole * a.RowStride), a.RowStride, rows - whole, kc, panel + whole, rows, end);
            for (int i = 0; i < whole; i += w)
                TransposeBlocks<TVec, T>.Run(a.Data + (i * a.RowStride), a.RowStride, w, kc, panel + i, rows, end);
            if (alpha != T.One)
                RowCopy<TVec, T>.Scale(panel, rows * kc, alpha);
            return;
        }

        TVec factor = TVec.Broadcast(alpha);
        for (int k = 0; k < kc; k++, panel += rows)
        {
            T* source = a.Data + (k * a.ColumnStride);
            int i = 0;
            for (; i < whole; i += w)
                TVec.Store(panel + i, TVec.Multiply(factor, TVec.Load(source + i)));
            if (i == rows)
                continue;
            TVec rest = TVec.Multiply(factor, TVec.LoadPartial(source + i, rows - i));
            if (panel + i + w <= end)
                TVec.Store(panel + i, rest);
            else
                TVec.StorePartial(panel + i, rest, rows - i);
        }
    }

    /// <summary>
    /// B[kc x nc] as panels of rows <paramref name="nr"/> wide, behind each other; behind the last column zeros, or values whose
    /// products nobody reads.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackB(StridedMatrix<T> b, int kc, int nc, int nr, T* panels)
    {
        if (b.ColumnStride == 1)
        {
            // Row by row, in the order of B's memory.
            for (int k = 0; k < kc; k++)
            {
                T* source = b.Data + (k * b.RowStride), target = panels + ((nint)k * nr);
                Prefetch.Rows(source + (PrefetchRows * b.RowStride), 1, 0, nc);
                for (int j = 0; j < nc; j += nr, target += (nint)nr * kc)
                    CopyRow(source + j, Math.Min(nr, nc - j), target, nr);
            }

            return;
        }

        int width = Shapes.RoundUp(nc, nr);
        T* end = panels + ((nint)width * kc);
        for (int j = 0; j < width; j += TVec.Count)
        {
            T* panel = panels + ((nint)(j - (j % nr)) * kc) + (j % nr);
            for (int k = 0; k < kc && j >= nc; k++)
                TVec.Store(panel + ((nint)k * nr), default);
            if (j >= nc)
                continue;
            TransposeBlocks<TVec, T>.Run(
                b.Data + (j * b.ColumnStride), b.ColumnStride, Math.Min(TVec.Count, nc - j), kc, panel, nr, end);
        }
    }

    /// <summary>A contiguous row, then zeros up to <paramref name="width"/>, a multiple of the register.</summary>
    public static void CopyRow(T* source, int count, T* target, int width)
    {
        int w = TVec.Count, j = 0;
        for (; j + w <= count; j += w)
            TVec.Store(target + j, TVec.Load(source + j));
        if (j < count)
        {
            TVec.Store(target + j, TVec.LoadPartial(source + j, count - j));
            j += w;
        }

        for (; j < width; j += w)
            TVec.Store(target + j, default);
    }
}
