namespace SimdConv.Kernels;

/// <content>Maxima, and the taps that won.</content>
internal static unsafe partial class WindowTile<TVec, T>
{
    /// <summary>
    /// results[i, j] = the maximum of the window's taps. With winners also the tap that won: the first one in the image,
    /// firstTap + firstTaps[j], is what others must beat.
    /// </summary>
    public static void Maximum<TWinners>(
        in WindowTaps<T> taps, in WindowResults<T> results, T firstTap, T* firstTaps, T tapsOfRow)
        where TWinners : struct, IConstant
    {
        switch (Together(results.Width))
        {
            case 4:
                MaximumRows<N4, TWinners>(in taps, in results, firstTap, firstTaps, tapsOfRow);
                break;
            case 2:
                MaximumRows<N2, TWinners>(in taps, in results, firstTap, firstTaps, tapsOfRow);
                break;
            default:
                MaximumRows<N1, TWinners>(in taps, in results, firstTap, firstTaps, tapsOfRow);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MaximumRows<TRegisters, TWinners>(
        in WindowTaps<T> taps, in WindowResults<T> results, T firstTap, T* firstTaps, T tapsOfRow)
        where TRegisters : struct, IConstant
        where TWinners : struct, IConstant
    {
        int width = results.Width, last = Math.Max(0, width - TVec.Count), columnCount = taps.ColumnCount, rows = taps.Rows;
        bool isPart = TRegisters.Value == 1 && results.IsPart;
        nint* columns = taps.Columns;
        nint nextRow = taps.NextRow;
        TVec tapsOfRows = TVec.Broadcast(tapsOfRow), one = TVec.Broadcast(T.One);
        T* window = taps.First;
        for (int i = 0; i < results.Rows; i++, window += taps.NextWindows)
        {
            for (int j = 0; j < width; j += TRegisters.Value * TVec.Count)
            {
                nint j0 = Math.Min(j, last), j1 = Math.Min(j + TVec.Count, last), j2 = Math.Min(j + (2 * TVec.Count), last),
                    j3 = Math.Min(j + (3 * TVec.Count), last);
                TVec best0 = TVec.Broadcast(T.NegativeInfinity), best1 = best0, best2 = best0, best3 = best0,
                    tapOfRow = TVec.Broadcast(firstTap), winner0 = tapOfRow, winner1 = tapOfRow, winner2 = tapOfRow,
                    winner3 = tapOfRow;
                if (TWinners.Value != 0)
                {
                    winner0 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j0));
                    winner1 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j1));
                    winner2 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j2));
                    winner3 = TVec.Add(tapOfRow, TVec.Load(firstTaps + j3));
                }

                T* row = window;
                for (int r = rows; r > 0; r--, row += nextRow)
                {
                    TVec tap = tapOfRow;
                    for (int s = 0; s < columnCount; s++)
                    {
                        T* at = row + columns[s];
                        Beat<TWinners>(Load(at + j0, width, isPart), tap, ref best0, ref winner0);
                        if (TRegisters.Value > 1)
                            Beat<TWinners>(TVec.Load(at + j1), tap, ref best1, ref winner1);
                        if (TRegisters.Value > 2)
                        {
                            Beat<TWinners>(TVec.Load(at + j2), tap, ref best2, ref winner2);
                            Beat<TWinners>(TVec.Load(at + j3), tap, ref best3, ref winner3);
                        }

                        if (TWinners.Value != 0)
                            tap = TVec.Add(tap, one);
                    }

                    if (TWinners.Value != 0)
                        tapOfRow = TVec.Add(tapOfRow, tapsOfRows);
                }

                StoreMaximum<TWinners>(in results, i, j0, best0, winner0);
                if (TRegisters.Value > 1)
                    StoreMaximum<TWinners>(in results, i, j1, best1, winner1);
                if (TRegisters.Value > 2)
                {
                    StoreMaximum<TWinners>(in results, i, j2, best2, winner2);
                    StoreMaximum<TWinners>(in results, i, j3, best3, winner3);
                }
            }
        }
    }

    /// <summary>The maximum after one more element, and its tap where there are winners.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Beat<TWinners>(TVec x, TVec tap, ref TVec best, ref TVec winner)
        where TWinners : struct, IConstant
    {
        if (TWinners.Value == 0)
        {
            best = Greater(x, best);
            return;
        }

        TVec wins = Wins(x, best);
        best = TVec.Select(wins, x, best);
        winner = TVec.Select(wins, tap, winner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreMaximum<TWinners>(in WindowResults<T> results, int i, nint j, TVec best, TVec winner)
        where TWinners : struct, IConstant
    {
        Store(results.First + (i * results.Pitch) + j, best, results.Width, results.End);
        if (TWinners.Value == 1)
        {
            StoreWinners(results.Winners + ((((nint)i * results.Width) + j) * results.WinnerSize), winner, results.Width,
                results.WinnersEnd, results.WinnerSize);
        }

        if (TWinners.Value == 2)
            TVec.Store(results.Taps + (i * results.TapsPitch) + j, winner);
    }

    /// <summary>A later tap wins if it is greater, or NaN: so the last NaN wins, as in PyTorch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Wins(TVec x, TVec best) =>
        TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(default, default));

    /// <summary>The greater, <paramref name="best"/> of equal ones, or NaN if x is NaN, or best is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Greater(TVec x, TVec best) => TVec.Select(TVec.Equal(x, x), TVec.Max(x, best), x);

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
