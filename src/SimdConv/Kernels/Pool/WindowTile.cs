namespace SimdConv.Kernels;

/// <summary>
/// Rows of windows with neighbours in lanes: windows of a row of the image, or the same window of neighbouring images. Every load
/// is contiguous: strides, dilation and padding have been dealt with when the strip was filled, or are distances between rows.
/// </summary>
/// <remarks>
/// Up to four registers run at once (<see cref="WindowGroup"/>): they share the addresses of taps, and each result has to wait
/// for its own taps only. The last register of a row begins early enough to end with the row, so that lanes overlap, with
/// equal results. A row shorter than a register is loaded in part where that
/// is asked for; else a whole register is loaded, and stored as long as it ends at or before a given end: it then only
/// overwrites the next row, which is written later.
/// </remarks>
internal static unsafe partial class WindowTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>results[i, j] = the sum of the window's taps / (rowCount * counts[j]).</summary>
    public static void Average(in WindowTaps<T> taps, in WindowResults<T> results, T rowCount, T* counts)
    {
        for (int row = 0, count; row < results.Rows; row += count)
        {
            WindowGroup group = GroupAt(in results, row, out count);
            switch (group.Registers)
            {
                case 4:
                    AverageRows<N4>(in taps, in results, row, count, group, rowCount, counts);
                    break;
                case 2:
                    AverageRows<N2>(in taps, in results, row, count, group, rowCount, counts);
                    break;
                default:
                    AverageRows<N1>(in taps, in results, row, count, group, rowCount, counts);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AverageRows<TRegisters>(
        in WindowTaps<T> taps, in WindowResults<T> results, int first, int count, WindowGroup group, T rowCount, T* counts)
        where TRegisters : struct, IConstant
    {
        int width = results.Width, last = Math.Max(0, width - TVec.Count), columnCount = taps.ColumnCount, rows = taps.Rows;
        bool isPart = TRegisters.Value == 1 && results.IsPart;
        nint* columns = taps.Columns;
        nint nextRow = taps.NextRow;
        TVec rowCounts = TVec.Broadcast(rowCount);
        for (int j = 0; j < width; j += group.Columns * TVec.Count)
        {
            nint j0 = Math.Min(j, last), j1 = ColumnAt(group, 1, j, last), j2 = ColumnAt(group, 2, j, last),
                j3 = ColumnAt(group, 3, j, last);
            nint at1 = (group.RowOf(1) * taps.NextWindows) + j1 - j0, at2 = (group.RowOf(2) * taps.NextWindows) + j2 - j0,
                at3 = (group.RowOf(3) * taps.NextWindows) + j3 - j0;
            nint to1 = (group.RowOf(1) * results.Pitch) + j1 - j0, to2 = (group.RowOf(2) * results.Pitch) + j2 - j0,
                to3 = (group.RowOf(3) * results.Pitch) + j3 - j0;
            TVec divisor0 = TVec.Multiply(rowCounts, TVec.Load(counts + j0)), divisor1 = default, divisor2 = default,
                divisor3 = default;
            if (TRegisters.Value > 1)
                divisor1 = TVec.Multiply(rowCounts, TVec.Load(counts + j1));
            if (TRegisters.Value > 2)
            {
                divisor2 = TVec.Multiply(rowCounts, TVec.Load(counts + j2));
                divisor3 = TVec.Multiply(rowCounts, TVec.Load(counts + j3));
            }

            T* window = taps.First + (first * taps.NextWindows) + j0, to = results.First + (first * results.Pitch) + j0;
            for (int i = count; i > 0; i -= group.Rows, window += group.Rows * taps.NextWindows,
                to += group.Rows * results.Pitch)
            {
                T* row = window;
                TVec sum0 = default, sum1 = default, sum2 = default, sum3 = default;
                for (int r = rows; r > 0; r--, row += nextRow)
                {
                    for (int s = 0; s < columnCount; s++)
                    {
                        T* tap = row + columns[s];
                        sum0 = TVec.Add(sum0, Load(tap, width, isPart));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, TVec.Load(tap + at1));
                        if (TRegisters.Value > 2)
                        {
                            sum2 = TVec.Add(sum2, TVec.Load(tap + at2));
                            sum3 = TVec.Add(sum3, TVec.Load(tap + at3));
                        }
                    }
                }

                Store(to, TVec.Divide(sum0, divisor0), width, results.End);
                if (TRegisters.Value > 1)
                    Store(to + to1, TVec.Divide(sum1, divisor1), width, results.End);
                if (TRegisters.Value > 2)
                {
                    Store(to + to2, TVec.Divide(sum2, divisor2), width, results.End);
                    Store(to + to3, TVec.Divide(sum3, divisor3), width, results.End);
                }
            }
        }
    }

    /// <summary>The registers that run at once from a row on, and how many rows do so.</summary>
    private static WindowGroup GroupAt(in WindowResults<T> results, int row, out int count)
    {
        WindowGroup group = new(results.IsPart ? 1 : results.Rows - row, ((results.Width - 1) / TVec.Count) + 1);
        count = group.Whole(results.Rows - row);
        return group;
    }

    /// <summary>The column that a register of a group begins with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint ColumnAt(WindowGroup group, int register, int column, int last) =>
        Math.Min(column + (group.ColumnOf(register) * TVec.Count), last);

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
