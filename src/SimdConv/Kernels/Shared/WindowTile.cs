using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>The taps of a row of windows in a strip, where windows are neighbours and padding is there as data.</summary>
internal unsafe struct WindowTaps<T>
    where T : unmanaged
{
    /// <summary>The first tap that counts of window 0.</summary>
    public T* First;

    /// <summary>Rows of taps.</summary>
    public int Rows;

    /// <summary>Elements from one row of taps to the next.</summary>
    public nint NextRow;

    /// <summary>Where the taps of a row are.</summary>
    public int* Columns;

    /// <summary>How many there are.</summary>
    public int ColumnCount;
}

/// <summary>
/// Rows of pooling with neighbouring windows in lanes. Every load is contiguous: strides, dilation and padding have been dealt with
/// when the strip was filled. Whole registers are loaded, and stored as long as they end at or before a given end.
/// </summary>
internal static unsafe class WindowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>y[j] = the sum of window j's taps / (rowCount * counts[j]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in WindowTaps<T> taps, T rowCount, T* counts, T* y, int windows, T* end)
    {
        int* columns = taps.Columns;
        int columnCount = taps.ColumnCount, rows = taps.Rows;
        nint nextRow = taps.NextRow;
        T* first = taps.First;
        for (int j = 0; j < windows; j += TVec.Count)
        {
            TVec sum = default;
            T* row = first + j;
            for (int r = 0; r < rows; r++, row += nextRow)
            {
                for (int s = 0; s < columnCount; s++)
                    sum = TVec.Add(sum, TVec.Load(row + columns[s]));
            }

            Store(y + j, TVec.Divide(sum, TVec.Multiply(TVec.Broadcast(rowCount), TVec.Load(counts + j))), windows - j, end);
        }
    }

    /// <summary>y[j] = the maximum of window j's taps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Maximum(in WindowTaps<T> taps, T* y, int windows, T* end)
    {
        for (int j = 0; j < windows; j += TVec.Count)
        {
            TVec best = TVec.Broadcast(T.NegativeInfinity);
            T* row = taps.First + j;
            for (int r = 0; r < taps.Rows; r++, row += taps.NextRow)
            {
                for (int s = 0; s < taps.ColumnCount; s++)
                {
                    TVec x = TVec.Load(row + taps.Columns[s]);
                    best = TVec.Select(Wins(x, best), x, best);
                }
            }

            Store(y + j, best, windows - j, end);
        }
    }

    /// <summary>The same, and winners[j] = the tap that won; the first one in the image, firstTap + firstTaps[j], is what others must beat.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Maximum(in WindowTaps<T> taps, T* y, int windows, T* end, T firstTap, T* firstTaps, T tapsOfRow, byte* winners, byte* winnersEnd, int winnerSize)
    {
        TVec one = TVec.Broadcast(T.One);
        for (int j = 0; j < windows; j += TVec.Count)
        {
            TVec best = TVec.Broadcast(T.NegativeInfinity), tapOfRow = TVec.Broadcast(firstTap), winner = TVec.Add(tapOfRow, TVec.Load(firstTaps + j));
            T* row = taps.First + j;
            for (int r = 0; r < taps.Rows; r++, row += taps.NextRow)
            {
                TVec tap = tapOfRow;
                for (int s = 0; s < taps.ColumnCount; s++)
                {
                    TVec x = TVec.Load(row + taps.Columns[s]), wins = Wins(x, best);
                    best = TVec.Select(wins, x, best);
                    winner = TVec.Select(wins, tap, winner);
                    tap = TVec.Add(tap, one);
                }

                tapOfRow = TVec.Add(tapOfRow, TVec.Broadcast(tapsOfRow));
            }

            Store(y + j, best, windows - j, end);
            StoreWinners(winners + ((nint)j * winnerSize), winner, windows - j, winnersEnd, winnerSize);
        }
    }

    /// <summary>
    /// target[j] = the sum of given[j + r*nextRow + s*nextColumn]; with <paramref name="taps"/>, laid out alike, only of those elements
    /// that are for tap <paramref name="firstTap"/> + r*rowTaps + s*columnTaps.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Collect(T* given, T* taps, int rows, nint nextRow, int columns, nint nextColumn, T firstTap, T rowTaps, T columnTaps, T* target, int count)
    {
        TVec columnStep = TVec.Broadcast(columnTaps);
        for (int j = 0; j < count; j += TVec.Count)
        {
            TVec sum = default, tapOfRow = TVec.Broadcast(firstTap);
            nint row = j;
            for (int r = 0; r < rows; r++, row += nextRow)
            {
                TVec tap = tapOfRow;
                nint at = row;
                for (int s = 0; s < columns; s++, at += nextColumn)
                {
                    TVec dy = TVec.Load(given + at);
                    if (taps != null)
                    {
                        dy = TVec.And(TVec.Equal(TVec.Load(taps + at), tap), dy);
                        tap = TVec.Add(tap, columnStep);
                    }

                    sum = TVec.Add(sum, dy);
                }

                tapOfRow = TVec.Add(tapOfRow, TVec.Broadcast(rowTaps));
            }

            TVec.Store(target + j, sum);
        }
    }

    /// <summary>Rows behind each other from rows <paramref name="nextRow"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyRows(T* source, nint nextRow, T* target, int rows, int width, T* end)
    {
        for (; rows > 0; rows--, source += nextRow, target += width)
        {
            for (int j = 0; j < width; j += TVec.Count)
                Store(target + j, TVec.Load(source + j), width - j, end);
        }
    }

    /// <summary>given[j] = dy[j], or dy[j] / (rowCount * counts[j]) where there are counts; zeros from windows to width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Give(T* dy, int windows, int width, T rowCount, T* counts, T* given)
    {
        for (int j = 0; j < width; j += TVec.Count)
        {
            int rest = windows - j;
            TVec value = rest >= TVec.Count ? TVec.Load(dy + j) : rest > 0 ? TVec.LoadPartial(dy + j, rest) : default;
            if (counts != null && rest > 0)
                value = TVec.Divide(value, TVec.Multiply(TVec.Broadcast(rowCount), TVec.Load(counts + j)));
            TVec.Store(given + j, value);
        }
    }

    /// <summary>taps[j] = winners[j], as numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ReadWinners(byte* winners, byte* end, int windows, int winnerSize, T* taps)
    {
        int j = 0;
        for (; winnerSize == 1 && j < windows && winners + j + TVec.Count <= end; j += TVec.Count)
            TVec.Store(taps + j, TVec.FromBytes(winners + j));
        for (; j < windows; j++)
            taps[j] = ReadOne(winners + ((nint)j * winnerSize), winnerSize);
    }

    public static T ReadOne(byte* winner, int winnerSize) => T.CreateTruncating(winnerSize == 1 ? *winner : *(int*)winner);

    /// <summary>A later tap wins if it is greater, or the first NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Wins(TVec x, TVec best) => TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(best, best));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* target, TVec value, int count, T* end)
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
