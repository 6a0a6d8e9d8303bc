using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>
/// A balanced tree of sums that come one by one: neighbours are added pairwise, then their sums, and so on; an odd last one stays as it is. What is
/// kept is the sums of 2^k neighbours that still wait for the next 2^k, so one register for each level.
/// </summary>
internal unsafe struct BlockTree<TVec, T>(T* levels)
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Registers that <c>levels</c> holds: enough for 2^63 sums.</summary>
    public const int Levels = 64;

    private long count;
    private int waiting;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(TVec sum)
    {
        for (long index = count++; (index & 1) != 0; index >>= 1)
            sum = TVec.Add(TVec.Load(levels + (--waiting * TVec.Count)), sum);
        TVec.Store(levels + (waiting++ * TVec.Count), sum);
    }

    /// <summary>The root. At least one sum was added.</summary>
    public TVec Total()
    {
        TVec sum = TVec.Load(levels + (--waiting * TVec.Count));
        while (waiting > 0)
            sum = TVec.Add(TVec.Load(levels + (--waiting * TVec.Count)), sum);
        return sum;
    }
}

/// <summary>Averages of large windows, neighbours in lanes: as <see cref="WindowTile{TVec, T}.Average"/>, but a tree of blocks of taps.</summary>
internal static unsafe class BlockTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
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
    /// <param name="levels">Scratch of <see cref="BlockTree{TVec, T}.Levels"/> registers.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Average(in WindowTaps<T> taps, int firstRow, int allRows, int blockRows, int blockColumns, T rowCount, T* counts, T* y, nint pitch,
        int rows, int windows, T* end, T* levels)
    {
        int* columns = taps.Columns;
        int columnCount = taps.ColumnCount;
        nint nextRow = taps.NextRow;
        TVec rowCounts = TVec.Broadcast(rowCount);
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < windows; j += TVec.Count)
            {
                T* window = taps.First + (i * taps.NextWindows) + j;
                BlockTree<TVec, T> tree = new(levels);
                for (long block = 0; block < allRows; block += blockRows)
                {
                    int from = (int)Math.Max(block - firstRow, 0), to = (int)Math.Min(block - firstRow + blockRows, taps.Rows);
                    for (int left = 0; left < columnCount; left += blockColumns)
                    {
                        int right = Math.Min(left + blockColumns, columnCount);
                        TVec sum = default;
                        for (int r = from; r < to; r++)
                        {
                            T* row = window + (r * nextRow);
                            for (int s = left; s < right; s++)
                                sum = TVec.Add(sum, TVec.Load(row + columns[s]));
                        }

                        tree.Add(sum);
                    }
                }

                WindowTile<TVec, T>.Store(y + (i * pitch) + j, TVec.Divide(tree.Total(), TVec.Multiply(rowCounts, TVec.Load(counts + j))), windows - j, end);
            }
        }
    }
}
