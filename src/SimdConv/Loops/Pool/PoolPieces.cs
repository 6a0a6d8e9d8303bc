using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with planes in lanes and as little scratch memory as for a few hundred pixels, however large windows and images are:
/// each window is read from the image in pieces. This is for averages that are sums of blocks, and for strips of a single row
/// that would be too large to copy.
/// </summary>
internal readonly unsafe ref partial struct PoolPieces<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Target columns of an item, pixels that are copied at a time, and pixels whose dot product with ones is taken at a time.
    /// </summary>
    private const int TargetColumns = 64, PiecePixels = 1024, DotPixels = 512;

    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;

    /// <summary>
    /// A piece of the source, and the winning tap of each of its registers; results; the levels of a tree; ones; one sum.
    /// </summary>
    private readonly T* source, taps, target, levels, ones, sums;

    public PoolPieces(PoolSchedule schedule, in PoolProblem<T> problem, in Scratch scratch, Workspace workspace)
    {
        (this.schedule, this.problem) = (schedule, problem);
        source = workspace.At(scratch.Source);
        taps = workspace.At(scratch.Taps);
        target = workspace.At(scratch.Target);
        levels = workspace.At(scratch.Levels);
        ones = workspace.At(scratch.Ones);
        sums = workspace.At(scratch.Sums);
        new Span<T>(ones, DotPixels).Fill(T.One);
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Source, Taps, Target, Levels, Ones, Sums;

        public Scratch()
        {
            Source = Plan.Add<T>(PiecePixels * TVec.Count);
            Taps = Plan.Add<T>(PiecePixels * TVec.Count);
            Target = Plan.Add<T>(TargetColumns * TVec.Count);
            Levels = Plan.Add<T>(BlockTree<TVec, T>.Levels * TVec.Count);
            Ones = Plan.Add<T>(DotPixels);
            Sums = Plan.Add<T>(TVec.Count);
        }
    }

    /// <summary>Items of a block of planes: rows of the target in pieces.</summary>
    public static long Items(PoolSchedule schedule, bool backward) =>
        (long)(backward ? schedule.Shape.H : schedule.Rows.Windows) * PiecesOfRow(schedule, backward);

    /// <summary>Whether a call that doesn't have windows in lanes runs in pieces.</summary>
    public static bool Suits(PoolSchedule schedule, in PoolProblem<T> problem) => problem.Backward
        ? !PoolPlanes<TVec, T>.AreWhole(schedule, problem) && !schedule.FitsInPlanes(backward: true)
        : (schedule.HasBlocks && schedule.Kind == PoolKind.Average) || !schedule.FitsInPlanes(backward: false);

    /// <summary>A piece of a row of the target, of one block of planes.</summary>
    public void Run(long block, long item)
    {
        PlaneBlock<T> planes = PoolPlanes<TVec, T>.Locate(schedule, problem, block);
        int pieces = PiecesOfRow(schedule, problem.Backward), row = (int)(item / pieces),
            first = (int)(item % pieces) * TargetColumns;
        int count = Math.Min(TargetColumns, (problem.Backward ? schedule.Shape.W : schedule.Columns.Windows) - first);
        if (problem.Backward)
            Collect(planes, row, first, count);
        for (int q = first; q < first + count && !problem.Backward; q++)
        {
            TVec result = schedule.Kind == PoolKind.Average ? Average(planes, row, q) : Maximum(planes, row, q);
            TVec.Store(target + ((q - first) * TVec.Count), result);
        }

        LanePacking<TVec, T>.Scatter(target, planes.To + (row * problem.TargetLayout.H) + (first * problem.TargetLayout.W),
            problem.TargetLayout, planes.Lanes, count);
    }

    /// <summary>Whether planes are summed as they are transposed in registers.</summary>
    private bool ReadsInPlace => TVec.Count >= 4 && NextTap == 1 && problem.SourceLayout.C != 1;

    /// <summary>Elements from one tap of a window to the one beside it.</summary>
    private nint NextTap => (nint)schedule.Columns.Dilation * problem.SourceLayout.W;

    /// <summary>Elements from one tap of a window to the one below it.</summary>
    private nint NextTapRow => (nint)schedule.Rows.Dilation * problem.SourceLayout.H;

    private static int PiecesOfRow(PoolSchedule schedule, bool backward) =>
        (((backward ? schedule.Shape.W : schedule.Columns.Windows) - 1) / TargetColumns) + 1;

    private TVec Average(in PlaneBlock<T> planes, int p, int q)
    {
        (int top, int bottom) = schedule.Rows.Taps[p];
        (int left, int right) = schedule.Columns.Taps[q];
        BlockTree<TVec, T> tree = new(levels);
        for (long row = 0; row < schedule.Shape.R; row += schedule.BlockRows)
        {
            int from = (int)Math.Max(row, top), to = (int)Math.Min(row + schedule.BlockRows, bottom);
            for (long column = 0; column < schedule.Shape.S; column += schedule.BlockColumns)
            {
                int start = (int)Math.Max(column, left), end = (int)Math.Min(column + schedule.BlockColumns, right);
                int alike = to - from == 1 && start == column && planes.Lanes == 1 && ReadsInPlace
                    ? Math.Min((right - start) / schedule.BlockColumns, TVec.Count)
                    : 0;
                if (alike > 1)
                {
                    // With a single plane, neighbouring blocks of a window are the lanes.
                    TVec.Store(sums, default);
                    TransposeBlocks<TVec, T>.Dots<N1>(
                        PixelAt(planes, p, from, q, start), schedule.BlockColumns, alike, schedule.BlockColumns, ones, 0, sums);
                    for (int i = 0; i < alike; i++)
                        tree.Add(TVec.Broadcast(sums[i]));
                    column += (alike - 1L) * schedule.BlockColumns;
                    continue;
                }

                bool isEmpty = from >= to || start >= end;
                tree.Add(isEmpty ? default : Sum(planes, PixelAt(planes, p, from, q, start), to - from, end - start));
            }
        }

        (int rowCount, int columnCount) = schedule.Divisor(p, q);
        return TVec.Divide(tree.Total(), TVec.Broadcast(T.CreateTruncating((long)rowCount * columnCount)));
    }

    /// <summary>One chain over pixels of a window.</summary>
    private TVec Sum(in PlaneBlock<T> planes, T* from, int rows, int columns)
    {
        nint nextRow = NextTapRow, next = NextTap;
        if (nextRow == columns * next)
            (rows, columns) = (1, rows * columns);
        TVec sum = default;
        if (ReadsInPlace)
        {
            // Planes are read in place, and summed while they are transposed in registers.
            TVec.Store(sums, default);
            for (int r = 0; r < rows; r++)
            {
                for (int s = 0; s < columns; s += DotPixels)
                {
                    TransposeBlocks<TVec, T>.Dots<N1>(
                        from + (r * nextRow) + s, problem.SourceLayout.C, planes.Lanes, Math.Min(DotPixels, columns - s), ones, 0,
                        sums);
                }
            }

            return TVec.Load(sums);
        }

        for (int r = 0; r < rows; r++)
        {
            for (int s = 0; s < columns; s += PiecePixels)
            {
                int count = Math.Min(PiecePixels, columns - s);
                T* pixels = Read(planes, from + (r * nextRow) + (s * next), count, next, out nint step);
                sum = Add(pixels, step, count, sum);
            }
        }

        return sum;
    }

    private TVec Maximum(in PlaneBlock<T> planes, int p, int q)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int top, int bottom) = vertical.Taps[p];
        (int left, int right) = horizontal.Taps[q];
        TVec best = TVec.Broadcast(T.NegativeInfinity),
            winner = TVec.Broadcast(T.CreateTruncating(((long)top * schedule.Shape.S) + left));
        nint step = NextTap;
        bool isOne = planes.Lanes == 1 && TVec.Count > 1 && step == 1 && right - left >= TVec.Count;
        for (int r = top; r < bottom && isOne; r++)
            MaximumOfOne(PixelAt(planes, p, r, q, left), right - left, ((long)r * schedule.Shape.S) + left, ref best, ref winner);
        if (isOne)
            Reduce((T*)&best, (T*)&winner);
        for (int r = top; r < bottom && !isOne; r++)
        {
            for (int s = left; s < right; s += PiecePixels)
            {
                int count = Math.Min(PiecePixels, right - s);
                T* pixels = Read(planes, PixelAt(planes, p, r, q, s), count, step, out nint next);
                Maximum(pixels, next, count, T.CreateTruncating(((long)r * schedule.Shape.S) + s), ref best, ref winner);
            }
        }

        for (int lane = 0; planes.Winners != null && lane < planes.Lanes; lane++)
        {
            WindowTile<TVec, T>.StoreEach(PoolPlanes<TVec, T>.WinnerAt(schedule, planes.Winners, lane, p, q), (T*)&winner + lane,
                1, schedule.WinnerSize);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static TVec Add(T* pixels, nint step, int count, TVec sum)
    {
        for (int i = 0; i < count; i++, pixels += step)
            sum = TVec.Add(sum, TVec.Load(pixels));
        return sum;
    }

    /// <summary>Two halves at once, since each pixel has to wait for the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Maximum(T* pixels, nint step, int count, T firstTap, ref TVec best, ref TVec winner)
    {
        int half = count / 2;
        TVec one = TVec.Broadcast(T.One), tap0 = TVec.Broadcast(firstTap),
            tap1 = TVec.Broadcast(firstTap + T.CreateTruncating(half));
        TVec best0 = best, winner0 = winner, best1 = TVec.Broadcast(T.NegativeInfinity), winner1 = tap1;
        T* second = pixels + (half * step);
        for (int i = 0; i < half; i++, pixels += step, second += step, tap0 = TVec.Add(tap0, one), tap1 = TVec.Add(tap1, one))
        {
            PoolPlanes<TVec, T>.Beat(TVec.Load(pixels), tap0, ref best0, ref winner0);
            PoolPlanes<TVec, T>.Beat(TVec.Load(second), tap1, ref best1, ref winner1);
        }

        if (count % 2 != 0)
            PoolPlanes<TVec, T>.Beat(TVec.Load(second), tap1, ref best1, ref winner1);
        PoolPlanes<TVec, T>.Beat(best1, winner1, ref best0, ref winner0);
        (best, winner) = (best0, winner0);
    }

    /// <summary>
    /// Pixels of a single plane in lanes: each lane has its maximum, and the last register of a row begins early enough to end
    /// with it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MaximumOfOne(T* pixels, int count, long firstTap, ref TVec best, ref TVec winner)
    {
        for (int i = 0; i < TVec.Count; i++)
            sums[i] = T.CreateTruncating(firstTap + i);
        TVec first = TVec.Load(sums), tap = first, step = TVec.Broadcast(T.CreateTruncating(TVec.Count)), best0 = best,
            winner0 = winner;
        int j = 0;
        for (; j + TVec.Count <= count; j += TVec.Count, tap = TVec.Add(tap, step))
            PoolPlanes<TVec, T>.Beat(TVec.Load(pixels + j), tap, ref best0, ref winner0);
        if (j < count)
        {
            j = count - TVec.Count;
            PoolPlanes<TVec, T>.Beat(TVec.Load(pixels + j), TVec.Add(first, TVec.Broadcast(T.CreateTruncating(j))), ref best0,
                ref winner0);
        }

        (best, winner) = (best0, winner0);
    }

    /// <summary>The maximum of all lanes to the first one: the last NaN, or the first of equals.</summary>
    private static void Reduce(T* best, T* winner)
    {
        for (int i = 1; i < TVec.Count; i++)
        {
            bool wins = T.IsNaN(best[i])
                ? !T.IsNaN(best[0]) || winner[i] > winner[0]
                : best[i] > best[0] || (best[i] == best[0] && winner[i] < winner[0]);
            if (wins)
                (best[0], winner[0]) = (best[i], winner[i]);
        }
    }

    /// <summary>The pixel that tap (r, s) of window (p, q) reads.</summary>
    private T* PixelAt(in PlaneBlock<T> planes, int p, int r, int q, int s) => planes.From
        + ((schedule.Rows.Starts[p] + ((nint)r * schedule.Rows.Dilation)) * problem.SourceLayout.H)
        + ((schedule.Columns.Starts[q] + ((nint)s * schedule.Columns.Dilation)) * problem.SourceLayout.W);

    /// <summary>Pixels of a row, a register each: read in place where channels are neighbours, else copied.</summary>
    private T* Read(in PlaneBlock<T> planes, T* from, int count, nint step, out nint next)
    {
        if (planes.Lanes == TVec.Count && (problem.SourceLayout.C == 1 || TVec.Count == 1))
        {
            next = step;
            return from;
        }

        next = TVec.Count;
        LanePacking<TVec, T>.Gather(from, problem.SourceLayout with { W = step }, planes.Lanes, 1, count, source);
        return source;
    }
}
