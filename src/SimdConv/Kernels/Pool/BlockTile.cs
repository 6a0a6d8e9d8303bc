namespace SimdConv.Kernels;

/// <summary>
/// Averages of large windows, neighbours in lanes: as <see cref="WindowTile{TVec, T}.Average"/>, but a tree of blocks of taps.
/// </summary>
internal static unsafe class BlockTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers of scratch memory that <see cref="Average"/> takes.</summary>
    public const int Levels = 2 * BlockTree<TVec, T>.Levels;

    /// <summary>y[i, j] = the sum of the window's blocks / (rowCount * counts[j]).</summary>
    /// <param name="taps">The strip; its rows of taps are firstRow to firstRow + taps.Rows of the window.</param>
    /// <param name="firstRow">The first row of taps that lies in the image; those outside count as zeros.</param>
    /// <param name="allRows">Rows of taps of the whole window.</param>
    /// <param name="blockRows">Rows of taps of a block.</param>
    /// <param name="blockColumns">Columns of taps of a block.</param>
    /// <param name="rowCount">What the rows count for in the divisor.</param>
    /// <param name="counts">What the columns of each window count for.</param>
    /// <param name="y">The first average.</param>
    /// <param name="pitch">From one row of averages to the next.</param>
    /// <param name="rows">Rows of averages.</param>
    /// <param name="windows">Averages in a row.</param>
    /// <param name="end">Where whole registers have to end.</param>
    /// <param name="levels">Scratch of <see cref="Levels"/> registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(
        in WindowTaps<T> taps, int firstRow, int allRows, int blockRows, int blockColumns, T rowCount, T* counts,
        T* y, nint pitch, int rows, int windows, T* end, T* levels)
    {
        TVec rowCounts = TVec.Broadcast(rowCount);
        for (int i = 0; i < rows; i++)
        {
            // Two registers at once, since each addition of a chain has to wait for the one before.
            for (int j = 0; j < windows; j += 2 * TVec.Count)
            {
                bool two = j + TVec.Count < windows;
                T* window = taps.First + (i * taps.NextWindows) + j, to = y + (i * pitch) + j;
                (TVec sum0, TVec sum1) = two
                    ? Sum<N2>(in taps, window, firstRow, allRows, blockRows, blockColumns, levels)
                    : Sum<N1>(in taps, window, firstRow, allRows, blockRows, blockColumns, levels);
                WindowTile<TVec, T>.Store(
                    to, TVec.Divide(sum0, TVec.Multiply(rowCounts, TVec.Load(counts + j))), windows - j, end);
                if (two)
                {
                    TVec divisors = TVec.Multiply(rowCounts, TVec.Load(counts + j + TVec.Count));
                    WindowTile<TVec, T>.Store(to + TVec.Count, TVec.Divide(sum1, divisors), windows - j - TVec.Count, end);
                }
            }
        }
    }

    /// <summary>The sums of one or two registers of windows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (TVec, TVec) Sum<TRegisters>(
        in WindowTaps<T> taps, T* window, int firstRow, int allRows, int blockRows, int blockColumns, T* levels)
        where TRegisters : struct, IConstant
    {
        int* columns = taps.Columns;
        int columnCount = taps.ColumnCount, tapRows = taps.Rows;
        nint nextRow = taps.NextRow;
        BlockTree<TVec, T> tree0 = new(levels), tree1 = new(levels + (BlockTree<TVec, T>.Levels * TVec.Count));
        for (long block = 0; block < allRows; block += blockRows)
        {
            int from = (int)Math.Max(block - firstRow, 0), to = (int)Math.Min(block - firstRow + blockRows, tapRows);
            for (int left = 0; left < columnCount; left += blockColumns)
            {
                int right = Math.Min(left + blockColumns, columnCount);
                TVec sum0 = default, sum1 = default;
                for (int r = from; r < to; r++)
                {
                    T* row = window + (r * nextRow);
                    for (int s = left; s < right; s++)
                    {
                        T* tap = row + columns[s];
                        sum0 = TVec.Add(sum0, TVec.Load(tap));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, TVec.Load(tap + TVec.Count));
                    }
                }

                tree0.Add(sum0);
                if (TRegisters.Value > 1)
                    tree1.Add(sum1);
            }
        }

        return (tree0.Total(), TRegisters.Value > 1 ? tree1.Total() : default);
    }
}
