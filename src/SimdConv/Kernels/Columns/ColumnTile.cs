namespace SimdConv.Kernels;

/// <summary>
/// Copies to and sums from the rows of a column matrix, in place: neighbours in a register, taps ascending. What is beside the
/// image, or beside the windows of a row, is masked: a mask has all bits or none for each tap and element.
/// </summary>
internal static unsafe class ColumnTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Pixels of a phase that are run together, at most: the masks of all taps are to stay in L1.</summary>
    public const int MostTogether = 256;

    /// <summary>
    /// A mask of a row of so many elements, set from first on and up to last, for several rows behind each other.
    /// </summary>
    public static void Mask(T* mask, int size, int first, int last, int row, int rows)
    {
        TVec bits = TVec.Equal(default, default);
        new Span<T>(mask, size).Clear();
        for (; rows > 0 && first < last; rows--, mask += row)
            new Span<T>(mask + first, last - first).Fill(*(T*)&bits);
    }

    /// <summary>
    /// Contiguous rows: target[i, j] = source[i, j] where the mask is set, else 0. Whole registers are stored as long as they end
    /// at or before <paramref name="end"/>: the row behind is written later.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(T* source, nint nextRow, T* mask, int first, int last, T* target, int rows, int width, T* end)
    {
        for (; rows > 0; rows--, source += nextRow, target += width)
        {
            for (int j = 0; j < width; j += TVec.Count)
            {
                TVec value = j >= first && j + TVec.Count <= last
                    ? TVec.Load(source + j)
                    : TVec.LoadMasked(source + j, TVec.Load(mask + j));
                if (target + j + TVec.Count <= end)
                    TVec.Store(target + j, value);
                else
                    Store(target + j, value, width - j);
            }
        }
    }

    /// <summary>
    /// target[i, j] = the sum over rows of taps and taps of each; rows of pixels are <paramref name="windows"/> apart in the
    /// columns.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sum(T* columns, nint nextRow, int tapRows, in ColumnTaps taps, T* masks, T* target, nint pitch, int rows,
        int width, int windows)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < width; j += TVec.Count)
                Store(target + (i * pitch) + j, Sum(columns + ((nint)i * windows) + j, nextRow, tapRows, in taps, masks + j, j),
                    width - j);
        }
    }

    /// <summary>The same of two phases, whose pixels alternate in the target.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumPair(T* columns, nint nextRow, int tapRows, in ColumnTaps even, in ColumnTaps odd, T* masks, T* target,
        nint pitch, int rows, int width,
        int windows)
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; 2 * j < width; j += TVec.Count)
            {
                T* from = columns + ((nint)i * windows) + j, to = target + (i * pitch) + (2 * j);
                (TVec low, TVec high) = TVec.Interleave(Sum(from, nextRow, tapRows, in even, masks + j, j),
                    Sum(from, nextRow, tapRows, in odd, masks + j, j));
                Store(to, low, width - (2 * j));
                Store(to + TVec.Count, high, width - (2 * j) - TVec.Count);
            }
        }
    }

    /// <summary>
    /// Contiguous rows that come from several sources in turn: row i is row i / places of source i modulo places. The part of the
    /// target that is written next is prefetched.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TakeTurns(T* source, int places, nint nextPlace, nint nextRow, T* target, int rows, int width, nint ahead)
    {
        T* end = target + ((nint)rows * width);
        for (; rows > 0; source += nextRow)
        {
            for (int place = 0; place < places && rows > 0; place++, rows--, target += width)
            {
                // What is written behind the row is overwritten by the next row.
                for (int j = 0; j < width; j += TVec.Count)
                {
                    Prefetch.LinesToL2(target + j + ahead, 1);
                    TVec value = TVec.Load(source + (place * nextPlace) + j);
                    if (target + j + TVec.Count <= end)
                        TVec.Store(target + j, value);
                    else
                        Store(target + j, value, width - j);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Sum(T* columns, nint nextRow, int tapRows, in ColumnTaps taps, T* masks, int pixel)
    {
        TVec sum = default;
        columns = unchecked(columns + taps.From);
        masks += taps.Mask;
        if (pixel >= taps.First && pixel + TVec.Count <= taps.Last)
        {
            for (; tapRows > 0; tapRows--, columns = unchecked(columns + nextRow))
            {
                T* at = columns;
                for (int s = taps.Count; s > 0; s--, at = unchecked(at + taps.Next))
                    sum = TVec.Add(sum, TVec.Load(at));
            }

            return sum;
        }

        for (; tapRows > 0; tapRows--, columns = unchecked(columns + nextRow))
        {
            T* at = columns, mask = masks;
            for (int s = taps.Count; s > 0; s--, at = unchecked(at + taps.Next), mask += taps.NextMask)
            {
                sum = TVec.Add(sum, TVec.LoadMasked(at, TVec.Load(mask)));
                Prefetch.LinesToL2(at + taps.Ahead, 1);
            }
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* target, TVec value, int count)
    {
        if (count >= TVec.Count)
            TVec.Store(target, value);
        else if (count > 0)
            TVec.StorePartial(target, value, count);
    }
}
