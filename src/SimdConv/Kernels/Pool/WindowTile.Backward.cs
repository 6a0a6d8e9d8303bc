namespace SimdConv.Kernels;

/// <content>Backward: pixels collect what windows contribute to them.</content>
internal static unsafe partial class WindowTile<TVec, T>
{
    /// <summary>
    /// target[i, j] = the sum of the contributions to pixel j of a phase, or to one pixel of image j, taps ascending.
    /// </summary>
    public static void Collect<TTaps>(
        in WindowContributions<T> contributions, WindowColumns columns, T* target, nint pitch, int rows, int width)
        where TTaps : struct, IConstant
    {
        switch (new WindowGroup(rows: 1, ((width - 1) / TVec.Count) + 1).Registers)
        {
            case 4:
                CollectRows<N4, TTaps>(in contributions, columns, target, pitch, rows, width);
                break;
            case 2:
                CollectRows<N2, TTaps>(in contributions, columns, target, pitch, rows, width);
                break;
            default:
                CollectRows<N1, TTaps>(in contributions, columns, target, pitch, rows, width);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CollectRows<TRegisters, TTaps>(
        in WindowContributions<T> contributions, WindowColumns columns, T* target, nint pitch, int rows, int width)
        where TRegisters : struct, IConstant
        where TTaps : struct, IConstant
    {
        int last = Math.Max(0, width - TVec.Count), tapRows = contributions.Rows, columnCount = columns.Count;
        T* values = contributions.Values, taps = contributions.Taps;
        nint from = columns.From, nextRow = contributions.NextRow, nextColumn = contributions.NextColumn;
        T firstTap = contributions.FirstTap + T.CreateTruncating(columns.FirstTap);
        TVec columnTaps = TVec.Broadcast(contributions.ColumnTaps), rowTaps = TVec.Broadcast(contributions.RowTaps);
        for (; rows > 0; rows--, target += pitch, from += contributions.NextPixels, firstTap += contributions.PixelTaps)
        {
            for (int j = 0; j < width; j += TRegisters.Value * TVec.Count)
            {
                nint j0 = Math.Min(j, last), j1 = Math.Min(j + TVec.Count, last), j2 = Math.Min(j + (2 * TVec.Count), last),
                    j3 = Math.Min(j + (3 * TVec.Count), last), row = from;
                TVec sum0 = default, sum1 = default, sum2 = default, sum3 = default, tapOfRow = TVec.Broadcast(firstTap);
                for (int r = tapRows; r > 0; r--, row += nextRow)
                {
                    TVec tap = tapOfRow;
                    nint at = row;
                    for (int s = columnCount; s > 0; s--, at += nextColumn)
                    {
                        sum0 = TVec.Add(sum0, Contribution<TTaps>(values, taps, at + j0, tap));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, Contribution<TTaps>(values, taps, at + j1, tap));
                        if (TRegisters.Value > 2)
                        {
                            sum2 = TVec.Add(sum2, Contribution<TTaps>(values, taps, at + j2, tap));
                            sum3 = TVec.Add(sum3, Contribution<TTaps>(values, taps, at + j3, tap));
                        }

                        if (TTaps.Value != 0)
                            tap = TVec.Add(tap, columnTaps);
                    }

                    if (TTaps.Value != 0)
                        tapOfRow = TVec.Add(tapOfRow, rowTaps);
                }

                StoreUpTo(target + j0, sum0, width);
                if (TRegisters.Value > 1)
                    TVec.Store(target + j1, sum1);
                if (TRegisters.Value > 2)
                {
                    TVec.Store(target + j2, sum2);
                    TVec.Store(target + j3, sum3);
                }
            }
        }
    }

    /// <summary>What a register of windows contributes; zeros in the lanes of windows that another tap has won.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Contribution<TTaps>(T* values, T* taps, nint at, TVec tap)
        where TTaps : struct, IConstant
    {
        TVec value = TVec.Load(unchecked(values + at));
        return TTaps.Value == 0 ? value : TVec.And(TVec.Equal(TVec.Load(unchecked(taps + at)), tap), value);
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
                sum = TVec.Add(sum, Contribution<TTaps>(values, taps, at, tap));
                if (TTaps.Value != 0)
                    tap = TVec.Add(tap, TVec.Broadcast(contributions.ColumnTaps));
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
}
