namespace SimdConv.Kernels;

/// <summary>
/// Transposes in registers: W rows of W elements become W columns, by log2(W) rounds of shuffles. It makes contiguous rows the
/// lanes of a tile: 16x16 floats take 64 shuffles, a quarter of a shuffle for each element.
/// </summary>
internal static unsafe class TransposeBlocks<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>target[k * ld + i] = source[i * stride + k] for i below rows (at most W) and k below terms.</summary>
    /// <remarks>Whole registers are stored as long as they end at or before <paramref name="end"/>: where rows is below W,
    /// elements behind each column are written too, so that columns must be written in ascending order; with
    /// <paramref name="exact"/> none are.</remarks>
    [SkipLocalsInit]
    public static void Run(T* source, nint stride, int rows, int terms, T* target, nint ld, T* end, bool exact = false)
    {
        int w = TVec.Count, k = 0;
        if (w is not (4 or 8 or 16))
        {
            for (; k < terms; k++)
            {
                for (int i = 0; i < rows; i++)
                    target[(k * ld) + i] = source[(i * stride) + k];
            }

            return;
        }

        // Columns that may be stored as whole registers; the last block of them computes some a second time.
        int whole = exact && rows < w ? 0 : terms;
        while (whole > 0 && target + ((whole - 1) * ld) + w > end)
            whole--;
        if (whole >= w)
        {
            TransposeTile<TVec, T>.Run<N0>(source, stride, rows, whole / w, target, ld, null, 0);
            if (whole % w > 0)
                TransposeTile<TVec, T>.Run<N0>(source + whole - w, stride, rows, 1, target + ((whole - w) * ld), ld, null, 0);
            k = whole;
        }

        // The other columns are transposed into a block of scratch, and copied from there.
        T* block = stackalloc T[w * w];
        while (k < terms)
        {
            int from = Math.Min(k, Math.Max(0, terms - w)), to = Math.Min(from + w, terms);
            for (int i = 0; i < rows && to - from < w; i++)
                TVec.Store(block + (i * w), TVec.LoadPartial(source + from + (i * stride), to - from));
            TransposeTile<TVec, T>.Run<N0>(
                to - from < w ? block : source + from, to - from < w ? w : stride, rows, 1, block, w, null, 0);
            for (; k < to; k++)
            {
                T* column = target + (k * ld);
                TVec value = TVec.Load(block + ((k - from) * w));
                if (exact ? rows == w : column + w <= end)
                    TVec.Store(column, value);
                else
                    TVec.StorePartial(column, value, (int)Math.Min(rows, end - column));
            }
        }
    }

    /// <summary>
    /// sums[m * W + i] += source[i * stride + k] * x[m * ldx + k] for m below <typeparamref name="TRows"/> (1 or 2) and i below
    /// rows (at most W), one chain of ascending k each. Whole registers of sums are read and written.
    /// </summary>
    [SkipLocalsInit]
    public static void Dots<TRows>(T* source, nint stride, int rows, int terms, T* x, nint ldx, T* sums)
        where TRows : struct, IConstant
    {
        int w = TVec.Count, blocks = terms / w, rest = terms % w;
        TransposeTile<TVec, T>.Run<TRows>(source, stride, rows, blocks, sums, 0, x, ldx);
        if (rest == 0)
            return;

        // The last terms, with zeros behind them.
        T* block = stackalloc T[(w + TRows.Value) * w], last = block + (w * w);
        source += blocks * w;
        x += blocks * w;
        if (4 * rest <= w)
        {
            // With so few columns most of a transposed block would go unused.
            for (int k = 0; k < rest; k++)
            {
                for (int i = 0; i < w; i++)
                    block[(k * w) + i] = source[(Math.Min(i, rows - 1) * stride) + k];
            }

            for (int m = 0; m < TRows.Value; m++)
            {
                TVec sum = TVec.Load(sums + (m * w));
                for (int k = 0; k < rest; k++)
                    TVec.Accumulate(ref sum, TVec.Load(block + (k * w)), x + (m * ldx) + k);
                TVec.Store(sums + (m * w), sum);
            }

            return;
        }

        for (int m = 0; m < TRows.Value; m++)
            TVec.Store(last + (m * w), TVec.LoadPartial(x + (m * ldx), rest));
        for (int i = 0; i < rows; i++)
            TVec.Store(block + (i * w), TVec.LoadPartial(source + (i * stride), rest));
        TransposeTile<TVec, T>.Run<TRows>(block, w, rows, 1, sums, 0, last, w);
    }
}
