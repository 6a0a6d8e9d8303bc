using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with planes in lanes: a register holds the same pixel of neighbouring channels, which is what NHWC has in memory and
/// what a transpose in registers makes of NCHW. So windows may be of any form; this is for rows of few windows and for irregular
/// ones.
/// </summary>
internal readonly unsafe ref struct PoolPlanes<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Pixels that are summed at a time.</summary>
    private const int SumBlock = 256;

    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;
    private readonly WindowStrips strips;

    /// <summary>
    /// The source rows of a strip and one target row, a register for each pixel, and the winning tap of each register.
    /// </summary>
    private readonly T* source, target, taps;

    public PoolPlanes(PoolSchedule schedule, in PoolProblem<T> problem, WindowStrips strips, in Scratch scratch,
        Workspace workspace)
    {
        (this.schedule, this.problem, this.strips) = (schedule, problem, strips);
        source = workspace.At(scratch.Source);
        taps = workspace.At(scratch.Taps);
        target = workspace.At(scratch.Target);
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Source, Taps, Target;

        public Scratch(PoolSchedule schedule, in PoolProblem<T> problem, WindowStrips strips)
        {
            (int sourceWidth, int targetWidth) = (schedule.Shape.W, schedule.Columns.Windows);
            if (problem.Backward)
                (sourceWidth, targetWidth) = (targetWidth, sourceWidth);
            long source = (long)strips.SourceRows * sourceWidth * TVec.Count;
            Source = Plan.Add<T>(source);
            Taps = Plan.Add<T>(problem.Backward && problem.Winners != null ? source : 0);

            // Planes of a single window are written in place.
            Target = Plan.Add<T>(problem.Backward && AreWhole(schedule, problem) ? 0 : (long)targetWidth * TVec.Count);
        }
    }

    /// <summary>Blocks of planes: over all images where their channels follow each other, else of each image.</summary>
    public static long Blocks(PoolSchedule schedule, in PoolProblem<T> problem) => IsOneRow(schedule, problem)
        ? Shapes.DivideUp((long)problem.Batch * schedule.Shape.C, TVec.Count)
        : problem.Batch * Shapes.DivideUp((long)schedule.Shape.C, TVec.Count);

    /// <summary>Where a block of planes begins.</summary>
    public static PlaneBlock<T> Locate(PoolSchedule schedule, in PoolProblem<T> problem, long block)
    {
        Pool2DShape shape = schedule.Shape;
        bool oneRow = IsOneRow(schedule, problem);
        long perImage = oneRow ? Blocks(schedule, problem) : Shapes.DivideUp(shape.C, TVec.Count);
        nint image = (nint)(block / perImage), channel = (nint)(block % perImage) * TVec.Count;
        return new()
        {
            From = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C),
            To = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C),
            Winners = problem.Winners == null ? null : WinnerAt(schedule, problem.Winners, (image * shape.C) + channel, 0, 0),
            Lanes = (int)Math.Min(TVec.Count, (oneRow ? (nint)problem.Batch * shape.C : shape.C) - channel),
        };
    }

    /// <summary>One strip of one block of planes.</summary>
    public void Run(long block, int strip)
    {
        PlaneBlock<T> planes = Locate(schedule, problem, block);
        T* from = planes.From, to = planes.To;
        byte* winners = planes.Winners;
        int lanes = planes.Lanes;
        (int first, int last, int sourceFirst, int sourceLast) = strips[strip];
        Pool2DShape shape = schedule.Shape;
        if (AreWhole(schedule, problem) && problem.Backward)
        {
            GiveWhole(from, winners, to, lanes);
            return;
        }

        if (AreWhole(schedule, problem) && schedule.Kind == PoolKind.Average && TVec.Count >= 4)
        {
            AverageWhole(from, to, lanes);
            return;
        }

        int sourceWidth = problem.Backward ? schedule.Columns.Windows : shape.W,
            targetWidth = problem.Backward ? shape.W : schedule.Columns.Windows;
        LanePacking<TVec, T>.Gather(from + (sourceFirst * problem.SourceLayout.H), problem.SourceLayout, lanes,
            sourceLast - sourceFirst, sourceWidth, source);
        if (problem.Backward)
            Contribute(winners, lanes, sourceFirst, sourceLast);
        for (int row = first; row < last; row++)
        {
            if (problem.Backward)
                Collect(row, sourceFirst);
            else if (schedule.Kind == PoolKind.Average)
                Average(row, sourceFirst);
            else if (schedule.IsGlobal)
                MaximumWhole(winners, lanes);
            else
                Maximum(row, sourceFirst, winners, lanes);
            LanePacking<TVec, T>.Scatter(target, to + (row * problem.TargetLayout.H), problem.TargetLayout, lanes, targetWidth);
        }
    }

    /// <summary>One average a plane: planes are read in place, and summed while they are transposed in registers.</summary>
    private void AverageWhole(T* from, T* to, int lanes)
    {
        int pixels = schedule.Shape.H * schedule.Shape.W;
        T* ones = source;
        new Span<T>(ones, Math.Min(SumBlock, pixels)).Fill(T.One);
        TVec.Store(target, default);

        // Small planes are read in steps too short for the processor to fetch the next block ahead.
        for (int lane = 0; lane < lanes; lane++)
            Prefetch.Lines(from + ((TVec.Count + lane) * problem.SourceLayout.C), pixels);
        for (int i = 0; i < pixels; i += SumBlock)
            TransposeBlocks<TVec, T>.Dots<N1>(from + i, problem.SourceLayout.C, lanes, Math.Min(SumBlock, pixels - i), ones, 0,
                target);
        (int row, int column) = schedule.Divisor(0, 0);
        TVec.Store(target, TVec.Divide(TVec.Load(target), TVec.Broadcast(T.CreateTruncating((long)row * column))));
        LanePacking<TVec, T>.Scatter(target, to, problem.TargetLayout, lanes, 1);
    }

    /// <summary>The gradient of one window a plane: the same for each pixel, or all for one of them.</summary>
    private void GiveWhole(T* from, byte* winners, T* to, int lanes)
    {
        (int row, int column) = schedule.Divisor(0, 0);
        T divisor = T.CreateTruncating((long)row * column);
        int pixels = schedule.Shape.H * schedule.Shape.W;
        for (int lane = 0; lane < lanes; lane++)
        {
            T dy = from[lane * problem.SourceLayout.C];
            T* plane = to + (lane * problem.TargetLayout.C);
            new Span<T>(plane, pixels).Fill(winners == null ? dy / divisor : T.Zero);
            if (winners == null)
                continue;
            byte* winner = winners + (lane * schedule.WinnerSize);
            int tap = schedule.WinnerSize == 1 ? *winner : *(int*)winner;
            if ((uint)tap < (uint)pixels)
                plane[tap] = dy;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Average(int p, int sourceFirst)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int firstRow, int lastRow) = vertical.Taps[p];
        T rowCount = T.CreateTruncating(schedule.Divisor(p, 0).Row);
        nint step = (nint)horizontal.Dilation * TVec.Count;
        for (int q = 0; q < horizontal.Windows; q++)
        {
            (int first, int last) = horizontal.Taps[q];
            TVec sum = default;
            for (int r = firstRow; r < lastRow; r++)
            {
                T* row = SourceAt(vertical.Starts[p] + (r * vertical.Dilation) - sourceFirst, horizontal.Starts[q],
                    horizontal.Size);
                for (int s = first; s < last; s++)
                    sum = TVec.Add(sum, TVec.Load(row + (s * step)));
            }

            T divisor = rowCount * T.CreateTruncating(schedule.Divisor(p, q).Column);
            TVec.Store(target + ((nint)q * TVec.Count), TVec.Divide(sum, TVec.Broadcast(divisor)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Maximum(int p, int sourceFirst, byte* winners, int lanes)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int firstRow, int lastRow) = vertical.Taps[p];
        for (int q = 0; q < horizontal.Windows; q++)
        {
            (int first, int last) = horizontal.Taps[q];
            TVec best = TVec.Broadcast(T.NegativeInfinity),
                winner = TVec.Broadcast(T.CreateTruncating(((long)firstRow * schedule.Shape.S) + first));
            for (int r = firstRow; r < lastRow; r++)
            {
                T* row = SourceAt(vertical.Starts[p] + (r * vertical.Dilation) - sourceFirst, horizontal.Starts[q],
                    horizontal.Size);
                for (int s = first; s < last; s++)
                {
                    Beat(TVec.Load(row + ((nint)s * horizontal.Dilation * TVec.Count)),
                        TVec.Broadcast(T.CreateTruncating(((long)r * schedule.Shape.S) + s)), ref best, ref winner);
                }
            }

            TVec.Store(target + ((nint)q * TVec.Count), best);
            TVec stored = winner;
            for (int lane = 0; winners != null && lane < lanes; lane++)
                WindowTile<TVec, T>.StoreEach(WinnerAt(schedule, winners, lane, p, q), (T*)&stored + lane, 1,
                    schedule.WinnerSize);
        }
    }

    /// <summary>One maximum a plane: parts at once, since each pixel has to wait for the one before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MaximumWhole(byte* winners, int lanes)
    {
        int pixels = schedule.Shape.H * schedule.Shape.W, half = (pixels + 1) / 2;
        if (winners == null && FiniteScan<TVec, T>.Run(source, (nint)pixels * TVec.Count))
        {
            MaximumOfFinite(pixels);
            return;
        }

        TVec best0 = TVec.Broadcast(T.NegativeInfinity), best1 = best0, winner0 = default,
            winner1 = TVec.Broadcast(T.CreateTruncating(half));
        TVec tap = default, halfway = winner1, one = TVec.Broadcast(T.One);
        for (int i = 0; i < pixels - half; i++, tap = TVec.Add(tap, one))
        {
            Beat(TVec.Load(source + ((nint)i * TVec.Count)), tap, ref best0, ref winner0);
            Beat(TVec.Load(source + ((nint)(half + i) * TVec.Count)), TVec.Add(halfway, tap), ref best1, ref winner1);
        }

        if (pixels % 2 != 0)
            Beat(TVec.Load(source + ((nint)(half - 1) * TVec.Count)), tap, ref best0, ref winner0);
        Beat(best1, winner1, ref best0, ref winner0);
        TVec.Store(target, best0);
        TVec winner = winner0;
        if (winners != null && schedule.WinnerSize == 1 && lanes == TVec.Count)
            TVec.ToBytes(winners, winner0);
        else if (winners != null)
            WindowTile<TVec, T>.StoreEach(winners, (T*)&winner, lanes, schedule.WinnerSize);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MaximumOfFinite(int pixels)
    {
        // The first of equals, zeros of either sign, wins: parts are compared in the order of their pixels.
        int part = pixels / 4;
        nint next = (nint)part * TVec.Count;
        T* from = source;
        TVec best0 = TVec.Broadcast(T.NegativeInfinity), best1 = best0, best2 = best0, best3 = best0;
        for (int i = 0; i < part; i++, from += TVec.Count)
        {
            best0 = TVec.Max(TVec.Load(from), best0);
            best1 = TVec.Max(TVec.Load(from + next), best1);
            best2 = TVec.Max(TVec.Load(from + (2 * next)), best2);
            best3 = TVec.Max(TVec.Load(from + (3 * next)), best3);
        }

        best0 = TVec.Max(TVec.Max(best3, best2), TVec.Max(best1, best0));
        for (int i = 4 * part; i < pixels; i++)
            best0 = TVec.Max(TVec.Load(source + ((nint)i * TVec.Count)), best0);
        TVec.Store(target, best0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Beat(TVec x, TVec tap, ref TVec best, ref TVec winner)
    {
        TVec wins = WindowTile<TVec, T>.Wins(x, best);
        best = TVec.Select(wins, x, best);
        winner = TVec.Select(wins, tap, winner);
    }

    /// <summary>Divides dy of each window of the strip, or reads the window's winning tap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Contribute(byte* winners, int lanes, int first, int last)
    {
        int windows = schedule.Columns.Windows;
        for (int p = first; p < last; p++)
        {
            for (int q = 0; q < windows; q++)
            {
                T* at = SourceAt(p - first, q, windows);
                if (winners == null)
                {
                    (int row, int column) = schedule.Divisor(p, q);
                    TVec.Store(at, TVec.Divide(TVec.Load(at), TVec.Broadcast(T.CreateTruncating((long)row * column))));
                    continue;
                }

                T* tap = taps + (at - source);
                for (int lane = 0; lane < TVec.Count; lane++)
                {
                    tap[lane] = lane < lanes
                        ? WindowTile<TVec, T>.ReadOne(WinnerAt(schedule, winners, lane, p, q), schedule.WinnerSize)
                        : T.Zero;
                }
            }
        }
    }

    /// <summary>One row of dx: each pixel adds what the windows that hold it contribute.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Collect(int h, int sourceFirst)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int window, int firstRow, int rows) = vertical.Meets[h];
        for (int w = 0; w < horizontal.Size; w++)
        {
            (int column, int firstColumn, int columns) = horizontal.Meets[w];
            TVec sum = default;
            for (int r = 0; r < rows; r++)
            {
                long tap = ((firstRow + ((long)r * vertical.TapStep)) * schedule.Shape.S) + firstColumn;
                T* from = SourceAt(window - (r * vertical.WindowStep) - sourceFirst, column, horizontal.Windows);
                for (int s = 0; s < columns; s++, tap += horizontal.TapStep, from -= (nint)horizontal.WindowStep * TVec.Count)
                {
                    TVec dy = TVec.Load(from);
                    if (problem.Winners != null)
                        dy = TVec.And(TVec.Equal(TVec.Load(taps + (from - source)), TVec.Broadcast(T.CreateTruncating(tap))), dy);
                    sum = TVec.Add(sum, dy);
                }
            }

            TVec.Store(target + ((nint)w * TVec.Count), sum);
        }
    }

    private T* SourceAt(int row, int column, int width) => unchecked(source + ((((nint)row * width) + column) * TVec.Count));

    /// <summary>A winner of the plane that is so many behind the first one.</summary>
    public static byte* WinnerAt(PoolSchedule schedule, byte* winners, nint plane, int p, int q) =>
        winners + ((((plane * schedule.Rows.Windows) + p) * schedule.Columns.Windows) + q) * schedule.WinnerSize;

    /// <summary>Whether there is one window a plane, and planes are contiguous.</summary>
    public static bool AreWhole(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        ImageLayout image = problem.Backward ? problem.TargetLayout : problem.SourceLayout;
        return schedule.IsGlobal && image.W == 1 && image.H == schedule.Shape.W;
    }

    private static bool IsOneRow(PoolSchedule schedule, in PoolProblem<T> problem) => problem.Batch == 1
        || (problem.SourceLayout.N == schedule.Shape.C * problem.SourceLayout.C
            && problem.TargetLayout.N == schedule.Shape.C * problem.TargetLayout.C);
}
