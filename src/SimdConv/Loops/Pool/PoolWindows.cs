using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with neighbouring windows in lanes. Forward reads rows of the image that have been padded and split by phases of the
/// stride, backward adds what windows contribute phase by phase: every load in between is contiguous.
/// </summary>
internal readonly unsafe ref struct PoolWindows<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;
    private readonly WindowStrips strips;
    private readonly SplitRows<TVec, T> split;
    private readonly int windows, together;

    /// <summary>Behind the last winner of the batch: up to there a register may read more than its row.</summary>
    private readonly byte* winnersEnd;

    /// <summary>For each column the divisor, ones behind them, and the first tap in the image.</summary>
    private readonly T* counts, firstTaps;

    /// <summary>
    /// Source rows, split or padded; which tap each gradient is for, or which won; the maxima of rows of taps; a row of dx by
    /// phases; the levels of a tree of sums.
    /// </summary>
    private readonly T* rows, taps, maxima, line, levels;

    /// <summary>
    /// Where the taps of a row are in a split row, and behind them the place of the only tap of a row of maxima: 0.
    /// </summary>
    private readonly nint* columns;

    public PoolWindows(PoolSchedule schedule, in PoolProblem<T> problem, in Scratch scratch, Workspace workspace)
    {
        WindowAxis axis = schedule.Columns;
        (this.schedule, this.problem, strips, windows) =
            (schedule, problem, schedule.Strips(inWindows: true, problem.Backward), axis.Windows);
        together = Together(schedule, problem);
        split = Split(schedule, problem);
        winnersEnd = problem.Winners + ((nint)problem.Batch * schedule.Shape.C * schedule.Rows.Windows * windows
            * schedule.WinnerSize);
        counts = workspace.At(scratch.Counts);
        firstTaps = workspace.At(scratch.FirstTaps);
        rows = workspace.At(scratch.Rows);
        taps = workspace.At(scratch.Taps);
        maxima = workspace.At(scratch.Maxima);
        line = workspace.At(scratch.Line);
        levels = workspace.At(scratch.Levels);
        columns = workspace.At(scratch.Columns);
        new Span<T>(counts + windows, TVec.Count).Fill(T.One);
        for (int q = 0; q < windows; q++)
        {
            counts[q] = T.CreateTruncating(schedule.Divisor(0, q).Column);
            firstTaps[q] = T.CreateTruncating(axis.Taps[q].First);
        }

        for (int s = 0; s < axis.Places.Length; s++)
            columns[s] = split.Offset(s);
        columns[axis.Places.Length] = 0;
    }

    /// <summary>
    /// Whether rows of windows fill lanes well enough, are contiguous, and take little scratch memory. Beyond 2^24 a divisor is
    /// the rounded product of what rows and columns count for, but not the product of rounded ones.
    /// </summary>
    public static bool Suits(PoolSchedule schedule, in PoolProblem<T> problem) => schedule.Shape.AdaptiveSize is null
        && problem.SourceLayout.W == 1 && problem.TargetLayout.W == 1 && schedule.Columns.Windows * 4L > TVec.Count
        && Math.Max(schedule.Shape.R, schedule.Shape.S) <= 1 << 24
        && schedule.FitsInWindows(RowsSize(schedule, problem), problem.Backward);

    /// <summary>
    /// How many planes are run as one: where windows tile small planes that follow each other, those are one tall plane.
    /// </summary>
    public static int Together(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        ImageLayout image = problem.Backward ? problem.TargetLayout : problem.SourceLayout,
            output = problem.Backward ? problem.SourceLayout : problem.TargetLayout;
        return schedule.Tiles && Follow(image, schedule.Shape.C, schedule.Shape.H, schedule.Shape.W)
            && Follow(output, schedule.Shape.C, schedule.Rows.Windows, schedule.Columns.Windows)
            ? schedule.PlanesTogether(problem.Backward)
            : 1;

        static bool Follow(ImageLayout layout, nint c, nint h, nint w) =>
            layout.H == w && layout.C == h * w && layout.N == c * h * w;
    }

    /// <summary>The arrays above.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan = default;
        public readonly Piece<T> Counts, FirstTaps, Rows, Taps, Maxima, Line, Levels;
        public readonly Piece<nint> Columns;

        public Scratch(PoolSchedule schedule, in PoolProblem<T> problem)
        {
            WindowAxis axis = schedule.Columns;
            long rows = RowsSize(schedule, problem);
            Counts = Plan.Add<T>(axis.Windows + TVec.Count);
            FirstTaps = Plan.Add<T>(axis.Windows + TVec.Count);
            Rows = Plan.Add<T>(rows);
            WindowStrips strips = schedule.Strips(inWindows: true, backward: false);
            long together = Together(schedule, problem), width = axis.Windows;
            Taps = Plan.Add<T>(problem.Winners == null ? 0
                : problem.Backward ? rows : (strips.Rows * together * width) + TVec.Count);
            Maxima = Plan.Add<T>(HasMaximaOfRows(schedule, problem) ? strips.SourceRows * together * Whole(axis.Windows) : 0);
            Line = Plan.Add<T>(Split(schedule, problem).LineLength);
            Levels = Plan.Add<T>(BlockTile<TVec, T>.Levels * TVec.Count);
            Columns = Plan.Add<nint>(axis.Places.Length + 1);
        }
    }

    /// <summary>One strip of one plane, or several whole planes.</summary>
    public void Run(long item, int strip)
    {
        Pool2DShape shape = schedule.Shape;
        long index = item * together;
        int planes = (int)Math.Min(together, ((long)problem.Batch * shape.C) - index);
        nint image = (nint)(index / shape.C), channel = (nint)(index % shape.C);
        T* source = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
        T* target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
        byte* winners = problem.Winners == null
            ? null
            : problem.Winners + ((nint)index * schedule.Rows.Windows * windows * schedule.WinnerSize);
        (int First, int Last, int SourceFirst, int SourceLast) range = strips[strip];
        if (planes > 1)
            (range.Last, range.SourceLast) = (range.Last * planes, range.SourceLast * planes);
        if (problem.Backward)
            Backward(source, target, winners, range, planes > 1);
        else
            Forward(source, target, winners, range, planes > 1);
    }

    private void Forward(T* source, T* target, byte* winners, (int First, int Last, int SourceFirst, int SourceLast) range,
        bool allAlike)
    {
        bool average = schedule.Kind == PoolKind.Average;
        int sourceRows = range.SourceLast - range.SourceFirst;
        source += range.SourceFirst * problem.SourceLayout.H;
        split.Split(source, problem.SourceLayout.H, sourceRows, average ? T.Zero : T.NegativeInfinity, rows);
        WindowTaps<T> window = new()
        {
            First = rows,
            NextWindows = split.Pitch,
            Rows = 1,
            Columns = columns,
            ColumnCount = schedule.Columns.Places.Length,
        };
        bool areFinite = !average && AreFinite(source, sourceRows), hasMaxima = HasMaximaOfRows(schedule, problem);
        if (hasMaxima)
        {
            // A row of taps has its maximum for each window; several windows share those rows.
            WindowResults<T> each = new()
            {
                First = maxima,
                Pitch = Whole(windows),
                Rows = sourceRows,
                Width = Math.Max(windows, TVec.Count),
                End = null,
            };
            WindowTile<TVec, T>.Maximum(in window, in each, areFinite, T.Zero, firstTaps, T.Zero);
            window.First = maxima;
            window.NextWindows = Whole(windows);
            window.Columns = columns + schedule.Columns.Places.Length;
            window.ColumnCount = 1;
        }

        Forward(window, target, range, areFinite, allAlike);
        if (winners != null)
        {
            WindowTile<TVec, T>.StoreWinners(taps, winners + ((nint)range.First * windows * schedule.WinnerSize),
                (nint)(range.Last - range.First) * windows, schedule.WinnerSize);
        }
    }

    /// <param name="window">The columns of taps; rows one behind the other, the strip's first one first.</param>
    /// <param name="target">The target's plane.</param>
    /// <param name="range">The strip.</param>
    /// <param name="areFinite">Whether nothing in the image is infinite or NaN.</param>
    /// <param name="allAlike">Whether all windows of the strip have all taps in the image.</param>
    private void Forward(WindowTaps<T> window, T* target, (int First, int Last, int SourceFirst, int SourceLast) range,
        bool areFinite, bool allAlike)
    {
        WindowAxis axis = schedule.Rows;
        bool average = schedule.Kind == PoolKind.Average;
        T* strip = window.First;
        nint pitch = problem.TargetLayout.H, rowPitch = window.NextWindows;
        bool follow = pitch == windows;
        (window.NextRow, window.NextWindows) = (axis.Dilation * rowPitch, axis.Stride * rowPitch);
        for (int p = range.First, count; p < range.Last; p += count)
        {
            // Where rows don't follow each other in memory, a register must end with its row.
            count = follow ? Math.Min(allAlike ? range.Last : axis.Alike[p], range.Last - p) : 1;
            (int firstTap, int lastTap) = axis.Taps[p];
            window.First = strip + ((axis.Starts[p] + ((nint)firstTap * axis.Dilation) - range.SourceFirst) * rowPitch);
            window.Rows = lastTap - firstTap;
            T* y = target + (p * pitch);
            WindowResults<T> results = new()
            {
                First = y,
                Pitch = pitch,
                Rows = count,
                Width = windows,
                End = follow ? target + (range.Last * pitch) : y + windows,
                Taps = problem.Winners == null ? null : taps + ((nint)(p - range.First) * windows),
                TapsPitch = windows,
            };
            T rowCount = average ? T.CreateTruncating(schedule.Divisor(p, 0).Row) : T.One;
            if (average && schedule.HasBlocks)
                BlockTile<TVec, T>.Average(in window, schedule.Blocks(firstTap, 0), in results, rowCount, counts, levels);
            else if (average)
                WindowTile<TVec, T>.Average(in window, in results, rowCount, counts);
            else
                WindowTile<TVec, T>.Maximum(in window, in results, areFinite,
                    T.CreateTruncating((long)firstTap * schedule.Shape.S), firstTaps, T.CreateTruncating(schedule.Shape.S));
        }
    }

    /// <summary>
    /// Whether maxima are taken along rows of taps first, which several windows share: where that halves what is compared.
    /// </summary>
    private static bool HasMaximaOfRows(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        (int rows, int columns) = (schedule.Shape.R, schedule.Shape.S);
        return schedule.Kind == PoolKind.Max && !problem.Backward && problem.Winners == null
            && 2 * (((long)schedule.Shape.StrideH * columns) + rows) <= (long)rows * columns;
    }

    private static int Whole(int count) => Shapes.RoundUp(count, TVec.Count);

    private bool AreFinite(T* source, int rows)
    {
        int width = schedule.Shape.W;
        bool follow = problem.SourceLayout.H == width, areFinite = true;
        for (int i = 0; i < (follow ? 1 : rows) && areFinite; i++)
            areFinite = FiniteScan<TVec, T>.Run(source + (i * problem.SourceLayout.H), (nint)width * (follow ? rows : 1));
        return areFinite;
    }

    private void Backward(T* source, T* target, byte* winners, (int First, int Last, int SourceFirst, int SourceLast) range,
        bool allAlike)
    {
        WindowAxis axis = schedule.Rows;
        nint rowSize = split.ContributionPitch;
        for (int p = range.SourceFirst, count; p < range.SourceLast; p += count)
        {
            count = Math.Min(allAlike ? range.SourceLast : axis.Alike[p], range.SourceLast - p);
            nint row = (p - range.SourceFirst) * rowSize;
            split.Contribute(source + (p * problem.SourceLayout.H), problem.SourceLayout.H, count,
                T.CreateTruncating(schedule.Divisor(p, 0).Row), winners == null ? counts : null, rows + row);
            if (winners != null)
            {
                WindowTile<TVec, T>.ReadWinners(winners + ((nint)p * windows * schedule.WinnerSize), winnersEnd, count, windows,
                    schedule.WinnerSize, taps + row + schedule.Columns.Reach, rowSize);
            }
        }

        WindowContributions<T> contributions = new()
        {
            NextPixels = rowSize,
            NextRow = -axis.WindowStep * rowSize,
            RowTaps = T.CreateTruncating((long)axis.TapStep * schedule.Shape.S),
        };
        for (int phase = 0; phase < Math.Min(axis.Stride, range.Last - range.First); phase++)
        {
            for (long next = range.First + phase; next < range.Last;)
            {
                int h = (int)next, count;
                (int window, int tap, contributions.Rows) = axis.Meets[h];
                int most = ((range.Last - h - 1) / axis.Stride) + 1;
                count = allAlike ? most : Math.Min(axis.AlikePixels[h], most);
                next += (long)count * axis.Stride;
                nint row = (window - range.SourceFirst) * rowSize;
                contributions.Values = unchecked(rows + row);
                contributions.Taps = winners == null ? null : unchecked(taps + row);
                contributions.FirstTap = T.CreateTruncating((long)tap * schedule.Shape.S);
                split.Collect(
                    contributions, line, target + (h * problem.TargetLayout.H), axis.Stride * problem.TargetLayout.H, count);
            }
        }
    }

    private static SplitRows<TVec, T> Split(PoolSchedule schedule, in PoolProblem<T> problem) => new(schedule.Columns,
        problem.Backward ? 1 : schedule.Strips(inWindows: true, backward: false).SourceRows * Together(schedule, problem),
            problem.SourceLayout.H == schedule.Shape.W);

    private static long RowsSize(PoolSchedule schedule, in PoolProblem<T> problem)
    {
        SplitRows<TVec, T> split = Split(schedule, problem);
        return problem.Backward
            ? ((long)schedule.Strips(inWindows: true, backward: true)
                .SourceRows * Together(schedule, problem) * split.ContributionPitch)
                + (2 * TVec.Count)
            : split.Length;
    }
}
