namespace SimdConv.Kernels;

/// <content>Maxima, and the taps that won.</content>
internal static unsafe partial class WindowTile<TVec, T>
{
    /// <summary>
    /// results[i, j] = the maximum of the window's taps. With winners also the tap that won: the first one in the image,
    /// firstTap + firstTaps[j], is what others must beat.
    /// </summary>
    /// <param name="taps">The taps.</param>
    /// <param name="results">Where results go; winners too if it has an array for them.</param>
    /// <param name="areFinite">Whether no tap in the image is infinite or NaN.</param>
    /// <param name="firstTap">The number of the first tap of rows.</param>
    /// <param name="firstTaps">For each column of windows the first tap of a row in the image.</param>
    /// <param name="tapsOfRow">From the number of a tap to that of the tap below.</param>
    public static void Maximum(
        in WindowTaps<T> taps, in WindowResults<T> results, bool areFinite, T firstTap, T* firstTaps, T tapsOfRow)
    {
        if (results.Taps == null && areFinite)
            Maximum<N0, N1>(in taps, in results, firstTap, firstTaps, tapsOfRow);
        else if (results.Taps == null)
            Maximum<N0, N0>(in taps, in results, firstTap, firstTaps, tapsOfRow);
        else if (areFinite)
            Maximum<N1, N1>(in taps, in results, firstTap, firstTaps, tapsOfRow);
        else
            Maximum<N1, N0>(in taps, in results, firstTap, firstTaps, tapsOfRow);
    }

    private static void Maximum<TWinners, TFinite>(
        in WindowTaps<T> taps, in WindowResults<T> results, T firstTap, T* firstTaps, T tapsOfRow)
        where TWinners : struct, IConstant
        where TFinite : struct, IConstant
    {
        for (int row = 0, count; row < results.Rows; row += count)
        {
            WindowGroup group = GroupAt(in results, row, out count);
            switch (group.Registers)
            {
                case 4:
                    MaximumRows<N4, TWinners, TFinite>(
                        in taps, in results, row, count, group, firstTap, firstTaps, tapsOfRow);
                    break;
                case 2:
                    MaximumRows<N2, TWinners, TFinite>(
                        in taps, in results, row, count, group, firstTap, firstTaps, tapsOfRow);
                    break;
                default:
                    MaximumRows<N1, TWinners, TFinite>(
                        in taps, in results, row, count, group, firstTap, firstTaps, tapsOfRow);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MaximumRows<TRegisters, TWinners, TFinite>(
        in WindowTaps<T> taps, in WindowResults<T> results, int first, int count, WindowGroup group, T firstTap, T* firstTaps,
        T tapsOfRow)
        where TRegisters : struct, IConstant
        where TWinners : struct, IConstant
        where TFinite : struct, IConstant
    {
        int width = results.Width, last = Math.Max(0, width - TVec.Count), columnCount = taps.ColumnCount, rows = taps.Rows;
        bool isPart = TRegisters.Value == 1 && results.IsPart;
        nint* columns = taps.Columns;
        nint nextRow = taps.NextRow;
        TVec tapsOfRows = TVec.Broadcast(tapsOfRow), one = TVec.Broadcast(T.One);
        for (int j = 0; j < width; j += group.Columns * TVec.Count)
        {
            nint j0 = Math.Min(j, last), j1 = ColumnAt(group, 1, j, last), j2 = ColumnAt(group, 2, j, last),
                j3 = ColumnAt(group, 3, j, last);
            nint at1 = (group.RowOf(1) * taps.NextWindows) + j1 - j0, at2 = (group.RowOf(2) * taps.NextWindows) + j2 - j0,
                at3 = (group.RowOf(3) * taps.NextWindows) + j3 - j0;
            nint to1 = (group.RowOf(1) * results.Pitch) + j1 - j0, to2 = (group.RowOf(2) * results.Pitch) + j2 - j0,
                to3 = (group.RowOf(3) * results.Pitch) + j3 - j0;
            T* window = taps.First + (first * taps.NextWindows) + j0, to = results.First + (first * results.Pitch) + j0,
                winners = results.Taps + (first * results.TapsPitch);
            for (int i = count; i > 0; i -= group.Rows, window += group.Rows * taps.NextWindows,
                to += group.Rows * results.Pitch, winners += group.Rows * results.TapsPitch)
            {
                T* row = window;
                TVec best0 = TVec.Broadcast(T.NegativeInfinity), best1 = best0, best2 = best0, best3 = best0,
                    tapOfRow = TVec.Broadcast(firstTap), winner0 = default, winner1 = default, winner2 = default,
                    winner3 = default;
                if (TWinners.Value != 0)
                {
                    winner0 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j0));
                    if (TRegisters.Value > 1)
                        winner1 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j1));
                    if (TRegisters.Value > 2)
                    {
                        winner2 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j2));
                        winner3 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j3));
                    }
                }

                for (int r = rows; r > 0; r--, row += nextRow)
                {
                    TVec tap = tapOfRow;
                    for (int s = 0; s < columnCount; s++)
                    {
                        T* at = row + columns[s];
                        Beat<TWinners, TFinite>(Load(at, width, isPart), tap, ref best0, ref winner0);
                        if (TRegisters.Value > 1)
                            Beat<TWinners, TFinite>(TVec.Load(at + at1), tap, ref best1, ref winner1);
                        if (TRegisters.Value > 2)
                        {
                            Beat<TWinners, TFinite>(TVec.Load(at + at2), tap, ref best2, ref winner2);
                            Beat<TWinners, TFinite>(TVec.Load(at + at3), tap, ref best3, ref winner3);
                        }

                        if (TWinners.Value != 0)
                            tap = TVec.Add(tap, one);
                    }

                    if (TWinners.Value != 0)
                        tapOfRow = TVec.Add(tapOfRow, tapsOfRows);
                }

                Store(to, best0, width, results.End);
                if (TRegisters.Value > 1)
                    Store(to + to1, best1, width, results.End);
                if (TRegisters.Value > 2)
                {
                    Store(to + to2, best2, width, results.End);
                    Store(to + to3, best3, width, results.End);
                }

                if (TWinners.Value == 0)
                    continue;
                TVec.Store(winners + j0, winner0);
                if (TRegisters.Value > 1)
                    TVec.Store(winners + (group.RowOf(1) * results.TapsPitch) + j1, winner1);
                if (TRegisters.Value > 2)
                {
                    TVec.Store(winners + (group.RowOf(2) * results.TapsPitch) + j2, winner2);
                    TVec.Store(winners + (group.RowOf(3) * results.TapsPitch) + j3, winner3);
                }
            }
        }
    }

    /// <summary>The maximum after one more element, and its tap where there are winners.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Beat<TWinners, TFinite>(TVec x, TVec tap, ref TVec best, ref TVec winner)
        where TWinners : struct, IConstant
        where TFinite : struct, IConstant
    {
        if (TWinners.Value == 0)
        {
            best = TFinite.Value != 0 ? TVec.Max(x, best) : Greater(x, best);
            return;
        }

        TVec wins = TFinite.Value != 0 ? TVec.GreaterThan(x, best) : Wins(x, best);
        best = TFinite.Value != 0 ? TVec.Max(x, best) : TVec.Select(wins, x, best);
        winner = TVec.Select(wins, tap, winner);
    }

    /// <summary>A later tap wins if it is greater, or NaN: so the last NaN wins, as in PyTorch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Wins(TVec x, TVec best) =>
        TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(default, default));

    /// <summary>The greater, <paramref name="best"/> of equal ones, or NaN if x is NaN, or best is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Greater(TVec x, TVec best) => TVec.Select(TVec.Equal(x, x), TVec.Max(x, best), x);

    /// <summary>Stores winners that follow each other, in a byte each or in four.</summary>
    public static void StoreWinners(T* winners, byte* target, nint count, int winnerSize)
    {
        nint i = 0;
        for (; winnerSize == 1 && i + TVec.Count <= count; i += TVec.Count)
            TVec.ToBytes(target + i, TVec.Load(winners + i));
        StoreEach(target + (i * winnerSize), winners + i, count - i, winnerSize);
    }

    /// <summary>Winners one by one.</summary>
    public static void StoreEach(byte* target, T* winners, nint count, int winnerSize)
    {
        for (nint i = 0; i < count; i++)
        {
            if (winnerSize == 1)
                target[i] = byte.CreateTruncating(winners[i]);
            else
                ((int*)target)[i] = int.CreateTruncating(winners[i]);
        }
    }
}
