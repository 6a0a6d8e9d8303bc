namespace SimdConv.Kernels;

/// <summary>
/// Rows of windows with neighbours in lanes: windows of a row of the image, or the same window of neighbouring images. Every load
/// is contiguous: strides, dilation and padding have been dealt with when the strip was filled, or are distances between rows.
/// </summary>
/// <remarks>
/// Up to four registers of a row run at once: they share the addresses of taps, and each sum has to wait for its own additions
/// only. The last register of a row begins early enough to end with the row, so that lanes overlap, with equal results. A row
/// shorter than a register is loaded in part with <c>TPart</c> of 1. With 0 a whole register is loaded, and stored as long as it
/// ends at or before a given end: it then only overwrites the next row, which is written later.
/// </remarks>
internal static unsafe partial class WindowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>results[i, j] = the sum of the window's taps / (rowCount * counts[j]).</summary>
    public static void Average<TPart>(in WindowTaps<T> taps, in WindowResults<T> results, T rowCount, T* counts)
        where TPart : struct, IConstant
    {
        switch (Together(results.Width))
        {
            case 4:
                AverageRows<N4, N0>(in taps, in results, rowCount, counts);
                break;
            case 3:
                AverageRows<N3, N0>(in taps, in results, rowCount, counts);
                break;
            case 2:
                AverageRows<N2, N0>(in taps, in results, rowCount, counts);
                break;
            default:
                AverageRows<N1, TPart>(in taps, in results, rowCount, counts);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AverageRows<TRegisters, TPart>(
        in WindowTaps<T> taps, in WindowResults<T> results, T rowCount, T* counts)
        where TRegisters : struct, IConstant
        where TPart : struct, IConstant
    {
        int width = results.Width, last = Math.Max(0, width - TVec.Count), columnCount = taps.ColumnCount, rows = taps.Rows;
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
                        sum0 = TVec.Add(sum0, Load<TPart>(tap + j0, width));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, TVec.Load(tap + j1));
                        if (TRegisters.Value > 2)
                            sum2 = TVec.Add(sum2, TVec.Load(tap + j2));
                        if (TRegisters.Value > 3)
                            sum3 = TVec.Add(sum3, TVec.Load(tap + j3));
                    }
                }

                Store(to + j0, TVec.Divide(sum0, TVec.Multiply(rowCounts, TVec.Load(counts + j0))), width, results.End);
                if (TRegisters.Value > 1)
                    TVec.Store(to + j1, TVec.Divide(sum1, TVec.Multiply(rowCounts, TVec.Load(counts + j1))));
                if (TRegisters.Value > 2)
                    TVec.Store(to + j2, TVec.Divide(sum2, TVec.Multiply(rowCounts, TVec.Load(counts + j2))));
                if (TRegisters.Value > 3)
                    TVec.Store(to + j3, TVec.Divide(sum3, TVec.Multiply(rowCounts, TVec.Load(counts + j3))));
            }
        }
    }

    /// <summary>
    /// Registers of a row that run at once: as many as leave the fewest to be computed twice, where a group of g registers takes
    /// as long as 2g + 1 halves of one.
    /// </summary>
    private static int Together(int width)
    {
        int registers = ((width - 1) / TVec.Count) + 1, best = Math.Min(registers, 4);
        for (int some = best - 1; some > 1 && registers > 4; some--)
        {
            if (Cost(some) < Cost(best))
                best = some;
        }

        return best;

        int Cost(int some) => (((registers - 1) / some) + 1) * ((2 * some) + 1);
    }

    /// <summary>The first elements of a register, of rows that are shorter; else all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Load<TPart>(T* source, int width)
        where TPart : struct, IConstant =>
        TPart.Value == 0 || width >= TVec.Count ? TVec.Load(source) : TVec.LoadPartial(source, width);

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
