namespace SimdConv.Kernels;

/// <summary>
/// Rows of windows with neighbours in lanes: windows of a row of the image, or the same window of neighbouring images. Every load
/// is contiguous: strides, dilation and padding have been dealt with when the strip was filled, or are distances between rows.
/// </summary>
/// <remarks>
/// Up to four registers of a row run at once: they share the addresses of taps, and each sum has to wait for its own additions
/// only. The last register of a row begins early enough to end with the row, so that lanes overlap, with equal results. A row
/// shorter than a register is loaded in part where that is asked for; else a whole register is loaded, and stored as long as it
/// ends at or before a given end: it then only overwrites the next row, which is written later.
/// </remarks>
internal static unsafe partial class WindowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>results[i, j] = the sum of the window's taps / (rowCount * counts[j]).</summary>
    public static void Average(in WindowTaps<T> taps, in WindowResults<T> results, T rowCount, T* counts)
    {
        switch (Together(results.Width))
        {
            case 4:
                AverageRows<N4>(in taps, in results, rowCount, counts);
                break;
            case 2:
                AverageRows<N2>(in taps, in results, rowCount, counts);
                break;
            default:
                AverageRows<N1>(in taps, in results, rowCount, counts);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AverageRows<TRegisters>(
        in WindowTaps<T> taps, in WindowResults<T> results, T rowCount, T* counts)
        where TRegisters : struct, IConstant
    {
        int width = results.Width, last = Math.Max(0, width - TVec.Count), columnCount = taps.ColumnCount, rows = taps.Rows;
        bool isPart = TRegisters.Value == 1 && results.IsPart;
        nint* columns = taps.Columns;
        nint nextRow = taps.NextRow;
        TVec rowCounts = TVec.Broadcast(rowCount);
        T* window = taps.First, to = results.First;
        for (int i = results.Rows; i > 0; i--, window += taps.NextWindows, to += results.Pitch)
        {
            for (int j = 0; j < width; j += TRegisters.Value * TVec.Count)
            {
                nint j0 = Math.Min(j, last), j1 = Math.Min(j + TVec.Count, last), j2 = Math.Min(j + (2 * TVec.Count), last),
                    j3 = Math.Min(j + (3 * TVec.Count), last);
                TVec sum0 = default, sum1 = default, sum2 = default, sum3 = default;
                T* row = window;
                for (int r = rows; r > 0; r--, row += nextRow)
                {
                    for (int s = 0; s < columnCount; s++)
                    {
                        T* tap = row + columns[s];
                        sum0 = TVec.Add(sum0, Load(tap + j0, width, isPart));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, TVec.Load(tap + j1));
                        if (TRegisters.Value > 2)
                        {
                            sum2 = TVec.Add(sum2, TVec.Load(tap + j2));
                            sum3 = TVec.Add(sum3, TVec.Load(tap + j3));
                        }
                    }
                }

                Store(to + j0, TVec.Divide(sum0, TVec.Multiply(rowCounts, TVec.Load(counts + j0))), width, results.End);
                if (TRegisters.Value > 1)
                    TVec.Store(to + j1, TVec.Divide(sum1, TVec.Multiply(rowCounts, TVec.Load(counts + j1))));
                if (TRegisters.Value > 2)
                {
                    TVec.Store(to + j2, TVec.Divide(sum2, TVec.Multiply(rowCounts, TVec.Load(counts + j2))));
                    TVec.Store(to + j3, TVec.Divide(sum3, TVec.Multiply(rowCounts, TVec.Load(counts + j3))));
                }
            }
        }
    }

    /// <summary>
    /// Registers of a row that run at once, 4, 2 or 1: as many as take the least time with those that are computed twice, where
    /// one register takes twice what a group takes besides.
    /// </summary>
    private static int Together(int width)
    {
        int registers = ((width - 1) / TVec.Count) + 1;
        return registers <= 2 ? registers : 9 * ((registers + 3) / 4) <= 5 * ((registers + 1) / 2) ? 4 : 2;
    }

    /// <summary>A register, or as many of its elements as a row has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Load(T* source, int width, bool isPart) =>
        isPart ? TVec.LoadPartial(source, width) : TVec.Load(source);

    /// <summary>A whole register of a row that is as long, or that may be stored up to the end; else a part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(T* target, TVec value, int width, T* end)
    {
        if (width >= TVec.Count || target + TVec.Count <= end)
            TVec.Store(target, value);
        else
            TVec.StorePartial(target, value, width);
    }
}
