namespace SimdConv.Kernels;

/// <summary>
/// Averages of large windows, neighbours in lanes: as <see cref="WindowTile{TVec, T}"/> has them, but a tree of blocks of taps.
/// </summary>
internal static unsafe class BlockTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers of scratch memory that <see cref="Average"/> takes.</summary>
    public const int Levels = 2 * BlockTree<TVec, T>.Levels;

    /// <summary>results[i, j] = the sum of the window's blocks / (rowCount * counts[j]).</summary>
    /// <param name="taps">The taps in the image, which are a part of the window's; those outside count as zeros.</param>
    /// <param name="blocks">The window, its blocks, and which taps of it lie in the image.</param>
    /// <param name="results">Where the averages go.</param>
    /// <param name="rowCount">What the rows count for in the divisor.</param>
    /// <param name="counts">What the columns of each window count for.</param>
    /// <param name="levels">Scratch of <see cref="Levels"/> registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in WindowTaps<T> taps, in WindowBlocks blocks, in WindowResults<T> results, T rowCount,
        T* counts, T* levels)
    {
        TVec rowCounts = TVec.Broadcast(rowCount);
        int width = results.Width, last = Math.Max(0, width - TVec.Count);
        for (int i = 0; i < results.Rows; i++)
        {
            // Two registers at once, since each addition of a chain has to wait for the one before.
            for (int j = 0; j < width; j += 2 * TVec.Count)
            {
                bool two = j + TVec.Count < width;
                nint j0 = Math.Min(j, last), j1 = Math.Min(j + TVec.Count, last);
                T* window = taps.First + (i * taps.NextWindows), to = results.First + (i * results.Pitch);
                (TVec sum0, TVec sum1) = two
                    ? Sum<N2>(in taps, in blocks, window + j0, j1 - j0, 0, levels)
                    : Sum<N1>(in taps, in blocks, window + j0, 0, results.IsPart ? width : 0, levels);
                WindowTile<TVec, T>.Store(
                    to + j0, TVec.Divide(sum0, TVec.Multiply(rowCounts, TVec.Load(counts + j0))), width, results.End);
                if (two)
                    TVec.Store(to + j1, TVec.Divide(sum1, TVec.Multiply(rowCounts, TVec.Load(counts + j1))));
            }
        }
    }

    /// <summary>
    /// The sums of one or two registers of windows, the second one <paramref name="next"/> elements behind the first; or of so
    /// many windows, where <paramref name="width"/> isn't 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (TVec, TVec) Sum<TRegisters>(
        in WindowTaps<T> taps, in WindowBlocks blocks, T* window, nint next, int width, T* levels)
        where TRegisters : struct, IConstant
    {
        bool isPart = TRegisters.Value == 1 && width > 0;
        nint* columns = taps.Columns;
        int columnCount = taps.ColumnCount, tapRows = taps.Rows;
        nint nextRow = taps.NextRow;
        BlockTree<TVec, T> tree0 = new(levels), tree1 = new(levels + (BlockTree<TVec, T>.Levels * TVec.Count));
        for (long top = -blocks.FirstRow; top < blocks.AllRows - blocks.FirstRow; top += blocks.Rows)
        {
            int from = (int)Math.Max(top, 0), to = (int)Math.Min(top + blocks.Rows, tapRows);
            for (long left = -blocks.FirstColumn; left < blocks.AllColumns - blocks.FirstColumn; left += blocks.Columns)
            {
                int begin = (int)Math.Max(left, 0), end = (int)Math.Min(left + blocks.Columns, columnCount);
                TVec sum0 = default, sum1 = default;
                for (int r = from; r < to; r++)
                {
                    T* row = window + (r * nextRow);
                    for (int s = begin; s < end; s++)
                    {
                        T* tap = row + columns[s];
                        sum0 = TVec.Add(sum0, WindowTile<TVec, T>.Load(tap, width, isPart));
                        if (TRegisters.Value > 1)
                            sum1 = TVec.Add(sum1, TVec.Load(tap + next));
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
