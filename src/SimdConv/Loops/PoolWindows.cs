using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with neighbouring windows in lanes. Forward reads rows of the image that have been padded and split by phases of the
/// stride, backward collects what windows give phase by phase: every load in between is contiguous.
/// </summary>
internal readonly unsafe ref struct PoolWindows<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;
    private readonly WindowStrips strips;
    private readonly SplitRows<TVec, T> split;
    private readonly int windows;

    /// <summary>Behind the last winner of the batch: up to there a register may read more than its row.</summary>
    private readonly byte* winnersEnd;

    /// <summary>For each column the divisor, ones behind them, and the first tap in the image.</summary>
    private readonly T* counts, firstTaps;

    /// <summary>Source rows, split or padded; which tap each gradient is for; a row of dx by phases.</summary>
    private readonly T* rows, taps, line;

    /// <summary>Where the taps of a row are in a split row.</summary>
    private readonly int* columns;

    public PoolWindows(PoolSchedule schedule, in PoolProblem<T> problem, WindowStrips strips, Workspace workspace)
    {
        WindowAxis axis = schedule.Columns;
        (this.schedule, this.problem, this.strips, split, windows) = (schedule, problem, strips, new(axis), axis.Windows);
        winnersEnd = problem.Winners + ((nint)problem.Batch * schedule.Shape.C * schedule.Rows.Windows * windows * schedule.WinnerSize);
        counts = workspace.Take<T>(windows + TVec.Count);
        firstTaps = workspace.Take<T>(windows + TVec.Count);
        rows = workspace.Take<T>(RowsSize(split, strips, problem.Backward));
        taps = workspace.Take<T>(RowsSize(split, strips, problem.Backward));
        line = workspace.Take<T>(split.LineSize);
        columns = workspace.Take<int>(axis.Places.Length);
        new Span<T>(counts + windows, TVec.Count).Fill(T.One);
        for (int q = 0; q < windows; q++)
        {
            counts[q] = T.CreateTruncating(schedule.Divisor(0, q).Column);
            firstTaps[q] = T.CreateTruncating(axis.Taps[q].First);
        }

        for (int s = 0; s < axis.Places.Length; s++)
            columns[s] = split.Offset(s);
    }

    /// <summary>Whether rows of windows fill lanes well enough, and are contiguous.</summary>
    public static bool Suits(PoolSchedule schedule, in PoolProblem<T> problem) => schedule.Shape.AdaptiveSize is null
        && problem.SourceLayout.W == 1 && problem.TargetLayout.W == 1 && schedule.Columns.Windows * 4 > TVec.Count;

    public static long Bytes(PoolSchedule schedule, WindowStrips strips, bool backward)
    {
        WindowAxis axis = schedule.Columns;
        SplitRows<TVec, T> split = new(axis);
        return (2 * Workspace.SizeOf<T>(axis.Windows + TVec.Count)) + (2 * Workspace.SizeOf<T>(RowsSize(split, strips, backward)))
            + Workspace.SizeOf<T>(split.LineSize) + Workspace.SizeOf<int>(axis.Places.Length);
    }

    /// <summary>One strip of one plane.</summary>
    public void Run(long index, int strip)
    {
        Pool2DShape shape = schedule.Shape;
        nint image = (nint)(index / shape.C), channel = (nint)(index % shape.C);
        T* source = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
        T* target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
        byte* winners = problem.Winners == null ? null : problem.Winners + ((nint)index * schedule.Rows.Windows * windows * schedule.WinnerSize);
        if (problem.Backward)
            Backward(source, target, winners, strip);
        else
            Forward(source, target, winners, strip);
    }

    private void Forward(T* source, T* target, byte* winners, int strip)
    {
        WindowAxis axis = schedule.Rows;
        bool average = schedule.Kind == PoolKind.Average;
        int winnerSize = schedule.WinnerSize;
        nint pitch = problem.TargetLayout.H, winnerPitch = (nint)windows * winnerSize;
        (int first, int last, int sourceFirst, int sourceLast) = strips[strip];
        for (int h = sourceFirst; h < sourceLast; h++)
            split.Split(source + (h * problem.SourceLayout.H), average ? T.Zero : T.NegativeInfinity, rows + ((nint)(h - sourceFirst) * split.Size));
        for (int p = first; p < last; p++)
        {
            (int firstTap, int lastTap) = axis.Taps[p];
            WindowTaps<T> window = new()
            {
                First = rows + ((axis.Starts[p] + ((nint)firstTap * axis.Dilation) - sourceFirst) * split.Size),
                Rows = lastTap - firstTap,
                NextRow = (nint)axis.Dilation * split.Size,
                Columns = columns,
                ColumnCount = schedule.Columns.Places.Length,
            };

            // Behind a row lies the next one, which is written later.
            T* y = target + (p * pitch), end = pitch == windows ? target + (last * pitch) : y + windows;
            if (average)
            {
                WindowTile<TVec, T>.Average(in window, T.CreateTruncating(schedule.Divisor(p, 0).Row), counts, y, windows, end);
            }
            else if (winners == null)
            {
                WindowTile<TVec, T>.Maximum(in window, y, windows, end);
            }
            else
            {
                WindowTile<TVec, T>.Maximum(in window, y, windows, end, T.CreateTruncating((long)firstTap * schedule.Shape.S), firstTaps,
                    T.CreateTruncating(schedule.Shape.S), winners + (p * winnerPitch), winners + (last * winnerPitch), winnerSize);
            }
        }
    }

    private void Backward(T* source, T* target, byte* winners, int strip)
    {
        WindowAxis axis = schedule.Rows;
        nint rowSize = split.GivenSize;
        (int first, int last, int sourceFirst, int sourceLast) = strips[strip];
        for (int p = sourceFirst; p < sourceLast; p++)
        {
            nint row = (p - sourceFirst) * rowSize;
            split.Give(source + (p * problem.SourceLayout.H), T.CreateTruncating(schedule.Divisor(p, 0).Row), winners == null ? counts : null, rows + row);
            if (winners != null)
            {
                WindowTile<TVec, T>.ReadWinners(winners + ((nint)p * windows * schedule.WinnerSize), winnersEnd, windows, schedule.WinnerSize,
                    taps + row + schedule.Columns.Reach);
            }
        }

        for (int h = first; h < last; h++)
        {
            (int window, int tap, int count) = axis.Meets[h];
            nint row = (window - sourceFirst) * rowSize;
            split.Collect(rows + row, winners == null ? null : taps + row, count, -axis.WindowStep * rowSize, nextTap: 0,
                (long)tap * schedule.Shape.S, (long)axis.TapStep * schedule.Shape.S, line, target + (h * problem.TargetLayout.H));
        }
    }

    private static long RowsSize(in SplitRows<TVec, T> split, WindowStrips strips, bool backward) =>
        ((long)strips.SourceRows * (backward ? split.GivenSize : split.Size)) + (2 * TVec.Count);
}
