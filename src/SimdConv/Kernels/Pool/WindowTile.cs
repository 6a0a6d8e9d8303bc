namespace SimdConv.Kernels;

/// <summary>
/// Rows of windows with neighbours in lanes. Every load is contiguous: strides, dilation and padding have been dealt with when
/// the strip was filled. Whole registers are loaded; whole registers are stored as long as they end at or before a given end:
/// they then only overwrite the next row, which is written later.
/// </summary>
internal static unsafe class WindowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y[i, j] = the sum of the window's taps / (rowCount * counts[j]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in WindowTaps<T> taps, T rowCount, T* counts, T* y, nint pitch, int rows, int windows, T* end)
    {
        int* columns = taps.Columns;
        int columnCount = taps.ColumnCount, tapRows = taps.Rows;
        nint nextRow = taps.NextRow;
        TVec rowCounts = TVec.Broadcast(rowCount);
        for (int i = 0; i < rows; i++)
        {
            T* window = taps.First + (i * taps.NextWindows);
            for (int j = 0; j < windows; j += TVec.Count)
            {
                TVec sum = default;
                T* row = window + j;
                for (int r = 0; r < tapRows; r++, row += nextRow)
                {
                    for (int s = 0; s < columnCount; s++)
                        sum = TVec.Add(sum, TVec.Load(row + columns[s]));
                }

                Store(y + (i * pitch) + j, TVec.Divide(sum, TVec.Multiply(rowCounts, TVec.Load(counts + j))), windows - j, end);
            }
        }
    }

    /// <summary>
    /// y[i, j] = the maximum of the window's taps. With winners, winners[i, j] = the tap that won; the first one in the image,
    /// firstTap + firstTaps[j], is what others must beat.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Maximum<TWinners>(in WindowTaps<T> taps, T* y, nint pitch, int rows, int windows, T* end,
        T firstTap, T* firstTaps, T tapsOfRow, byte* winners, byte* winnersEnd, int winnerSize)
        where TWinners : struct, IConstant
    {
        int* columns = taps.Columns;
        int columnCount = taps.ColumnCount, tapRows = taps.Rows;
        nint nextRow = taps.NextRow;
        TVec one = TVec.Broadcast(T.One), tapsOfRows = TVec.Broadcast(tapsOfRow);
        for (int i = 0; i < rows; i++)
        {
            T* window = taps.First + (i * taps.NextWindows);
            for (int j = 0; j < windows; j += TVec.Count)
            {
                TVec best = TVec.Broadcast(T.NegativeInfinity), tapOfRow = TVec.Broadcast(firstTap), winner = default;
                if (TWinners.Value != 0)
                    winner = TVec.Add(tapOfRow, TVec.Load(firstTaps + j));
                T* row = window + j;
                for (int r = 0; r < tapRows; r++, row += nextRow)
                {
                    TVec tap = tapOfRow;
                    for (int s = 0; s < columnCount; s++)
                    {
                        TVec x = TVec.Load(row + columns[s]), wins = Wins(x, best);
                        best = TVec.Select(wins, x, best);
                        if (TWinners.Value != 0)
                        {
                            winner = TVec.Select(wins, tap, winner);
                            tap = TVec.Add(tap, one);
                        }
                    }

                    tapOfRow = TVec.Add(tapOfRow, tapsOfRows);
                }

                Store(y + (i * pitch) + j, best, windows - j, end);
                if (TWinners.Value != 0)
                    StoreWinners(winners + ((((nint)i * windows) + j) * winnerSize), winner, windows - j, winnersEnd, winnerSize);
            }
        }
    }

    /// <summary>target[i, j] = the sum of the contributions to pixel j of a phase, taps ascending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Collect<TTaps>(
        in WindowContributions<T> contributions, WindowColumns columns, T* target, nint pitch, int rows, int width)
        where TTaps : struct, IConstant
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < width; j += TVec.Count)
                StoreUpTo(target + (i * pitch) + j, Sum<TTaps>(in contributions, columns, (i * contributions.NextPixels) + j),
                    width - j);
        }
    }

    /// <summary>The same of two phases, whose pixels alternate in the target.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CollectPair<TTaps>(
        in WindowContributions<T> contributions, WindowColumns even, WindowColumns odd, T* target, nint pitch, int rows,
        int width)
        where TTaps : struct, IConstant
    {
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; 2 * j < width; j += TVec.Count)
            {
                nint at = (i * contributions.NextPixels) + j;
                (TVec low, TVec high) =
                    TVec.Interleave(Sum<TTaps>(in contributions, even, at), Sum<TTaps>(in contributions, odd, at));
                T* to = target + (i * pitch) + (2 * j);
                StoreUpTo(to, low, width - (2 * j));
                StoreUpTo(to + TVec.Count, high, width - (2 * j) - TVec.Count);
            }
        }
    }

    /// <summary>
    /// values[i, j] = dy[i, j], divided by rowCount * counts[j] if there are counts, with zeros around: <paramref name="before"/>
    /// elements, the windows, and zeros up to the next row.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Contribute(
        T* dy, nint pitch, int rows, int windows, T rowCount, T* counts, T* values, int before, int size)
    {
        TVec rowCounts = TVec.Broadcast(rowCount);
        for (; rows > 0; rows--, dy += pitch, values += size)
        {
            // The zeros also cover the row itself, which is written next.
            for (int i = 0; i < before; i += TVec.Count)
                TVec.Store(values + i, default);
            for (int j = 0; j < size - before; j += TVec.Count)
            {
                int rest = windows - j;
                TVec value = rest >= TVec.Count ? TVec.Load(dy + j) : rest > 0 ? TVec.LoadPartial(dy + j, rest) : default;
                if (counts != null && rest > 0)
                    value = TVec.Divide(value, TVec.Multiply(rowCounts, TVec.Load(counts + j)));
                TVec.Store(values + before + j, value);
            }
        }
    }

    /// <summary>taps[i, j] = winners[i, j], as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadWinners(byte* winners, byte* end, int rows, int windows, int winnerSize, T* taps, nint pitch)
    {
        for (; rows > 0; rows--, winners += (nint)windows * winnerSize, taps += pitch)
        {
            int j = 0;
            for (; winnerSize == 1 && j < windows && winners + j + TVec.Count <= end; j += TVec.Count)
                TVec.Store(taps + j, TVec.FromBytes(winners + j));
            for (; j < windows; j++)
                taps[j] = ReadOne(winners + ((nint)j * winnerSize), winnerSize);
        }
    }

    /// <summary>
    /// A winner as a number of type T. One that is no tap equals none: taps are below 2^24, where float is exact.
    /// </summary>
    public static T ReadOne(byte* winner, int winnerSize) => T.CreateTruncating(winnerSize == 1 ? *winner : *(int*)winner);

    /// <summary>A later tap wins if it is greater, or NaN: so the last NaN wins, as in PyTorch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Wins(TVec x, TVec best) =>
        TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(default, default));

    /// <summary>
    /// The sum of the contributions to a register of pixels, taps ascending; TTaps is 1 where each contribution is for one tap
    /// only.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Sum<TTaps>(in WindowContributions<T> contributions, WindowColumns columns, nint pixel)
        where TTaps : struct, IConstant
    {
        TVec sum = default, tapOfRow = default;
        if (TTaps.Value != 0)
            tapOfRow = TVec.Broadcast(contributions.FirstTap + T.CreateTruncating(columns.FirstTap));
        T* values = contributions.Values, taps = contributions.Taps;
        nint row = columns.From + pixel, nextRow = contributions.NextRow, nextColumn = contributions.NextColumn;
        for (int r = contributions.Rows; r > 0; r--, row += nextRow)
        {
            TVec tap = tapOfRow;
            nint at = row;
            for (int s = columns.Count; s > 0; s--, at += nextColumn)
            {
                TVec value = TVec.Load(unchecked(values + at));
                if (TTaps.Value != 0)
                {
                    value = TVec.And(TVec.Equal(TVec.Load(unchecked(taps + at)), tap), value);
                    tap = TVec.Add(tap, TVec.Broadcast(contributions.ColumnTaps));
                }

                sum = TVec.Add(sum, value);
            }

            if (TTaps.Value != 0)
                tapOfRow = TVec.Add(tapOfRow, TVec.Broadcast(contributions.RowTaps));
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreUpTo(T* target, TVec value, int count)
    {
        if (count >= TVec.Count)
            TVec.Store(target, value);
        else if (count > 0)
            TVec.StorePartial(target, value, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, TVec value, int count, T* end)
    {
        if (target + TVec.Count <= end)
            TVec.Store(target, value);
        else if (count < TVec.Count)
            TVec.StorePartial(target, value, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreWinners(byte* target, TVec winner, int count, byte* end, int winnerSize)
    {
        if (winnerSize == 1 && target + TVec.Count <= end)
            TVec.ToBytes(target, winner);
        else
            StoreEach(target, (T*)&winner, Math.Min(count, TVec.Count), winnerSize);
    }

    /// <summary>Winners one by one: at the end of their memory, or of more than a byte.</summary>
    public static void StoreEach(byte* target, T* winners, int count, int winnerSize)
    {
        for (int i = 0; i < count; i++)
        {
            if (winnerSize == 1)
                target[i] = byte.CreateTruncating(winners[i]);
            else
                ((int*)target)[i] = int.CreateTruncating(winners[i]);
        }
    }
}
