using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling with planes in lanes: a register holds the same pixel of neighbouring channels, which is what NHWC has in memory and what
/// a transpose in registers makes of NCHW. So windows may be of any form; this is for rows of few windows and for irregular ones.
/// </summary>
internal readonly unsafe ref struct PoolPlanes<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PoolSchedule schedule;
    private readonly PoolProblem<T> problem;
    private readonly WindowStrips strips;

    /// <summary>Registers of the source rows of a strip, of one target row, and for each of them the tap that it is for.</summary>
    private readonly T* source, target, taps;

    public PoolPlanes(PoolSchedule schedule, in PoolProblem<T> problem, WindowStrips strips, Workspace workspace)
    {
        (this.schedule, this.problem, this.strips) = (schedule, problem, strips);
        source = workspace.Take<T>(SourceSize(schedule, strips, problem.Backward));
        taps = workspace.Take<T>(SourceSize(schedule, strips, problem.Backward));
        target = workspace.Take<T>(TargetSize(schedule, problem.Backward));
    }

    /// <summary>Blocks of planes: over all images where their channels follow each other, else of each image.</summary>
    public static long Blocks(PoolSchedule schedule, in PoolProblem<T> problem) => IsOneRow(schedule, problem)
        ? (((long)problem.Batch * schedule.Shape.C) + TVec.Count - 1) / TVec.Count
        : problem.Batch * (((long)schedule.Shape.C + TVec.Count - 1) / TVec.Count);

    public static long Bytes(PoolSchedule schedule, WindowStrips strips, bool backward) =>
        (2 * Workspace.SizeOf<T>(SourceSize(schedule, strips, backward))) + Workspace.SizeOf<T>(TargetSize(schedule, backward));

    /// <summary>One strip of one block of planes.</summary>
    public void Run(long block, int strip)
    {
        Pool2DShape shape = schedule.Shape;
        bool oneRow = IsOneRow(schedule, problem);
        long perImage = oneRow ? Blocks(schedule, problem) : (shape.C + TVec.Count - 1) / TVec.Count;
        nint image = (nint)(block / perImage), channel = (nint)(block % perImage) * TVec.Count;
        int lanes = (int)Math.Min(TVec.Count, (oneRow ? (nint)problem.Batch * shape.C : shape.C) - channel);
        T* from = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
        T* to = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
        nint windows = (nint)schedule.Rows.Windows * schedule.Columns.Windows * schedule.WinnerSize;
        byte* winners = problem.Winners == null ? null : problem.Winners + (((image * shape.C) + channel) * windows);
        (int first, int last, int sourceFirst, int sourceLast) = strips[strip];
        if (problem.Backward && schedule.IsGlobalAverage && problem.TargetLayout.W == 1 && problem.TargetLayout.H == shape.W)
        {
            (int height, int width) = schedule.Divisor(0, 0);
            T divisor = T.CreateTruncating(height) * T.CreateTruncating(width);
            nint pixels = (nint)shape.W * (last - first);
            for (int lane = 0; lane < lanes; lane++)
                new Span<T>(to + (lane * problem.TargetLayout.C) + (first * problem.TargetLayout.H), (int)pixels).Fill(from[lane * problem.SourceLayout.C] / divisor);
            return;
        }

        int sourceWidth = problem.Backward ? schedule.Columns.Windows : shape.W, targetWidth = problem.Backward ? shape.W : schedule.Columns.Windows;
        LanePacking<TVec, T>.Gather(from + (sourceFirst * problem.SourceLayout.H), problem.SourceLayout, lanes, sourceLast - sourceFirst, sourceWidth, source);
        if (problem.Backward)
            Give(winners, lanes, sourceFirst, sourceLast);
        for (int row = first; row < last; row++)
        {
            if (problem.Backward)
                Collect(row, sourceFirst);
            else if (schedule.Kind == PoolKind.Average)
                Average(row, sourceFirst);
            else
                Maximum(row, sourceFirst, winners, lanes);
            LanePacking<TVec, T>.Scatter(target, to + (row * problem.TargetLayout.H), problem.TargetLayout, lanes, targetWidth);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Average(int p, int sourceFirst)
    {
        WindowAxis vertical = schedule.Rows, horizontal = schedule.Columns;
        (int firstRow, int lastRow) = vertical.Taps[p];
        T rowCount = T.CreateTruncating(schedule.Divisor(p, 0).Row);
        for (int q = 0; q < horizontal.Windows; q++)
        {
            (int first, int last) = horizontal.Taps[q];
            TVec sum = default;
            for (int r = firstRow; r < lastRow; r++)
            {
                T* row = SourceAt(vertical.Starts[p] + r - sourceFirst, horizontal.Starts[q], horizontal.Size);
                for (int s = first; s < last; s++)
                    sum = TVec.Add(sum, TVec.Load(row + ((nint)s * TVec.Count)));
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
            TVec best = TVec.Broadcast(T.NegativeInfinity), winner = TVec.Broadcast(T.CreateTruncating(((long)firstRow * schedule.Shape.S) + first));
            for (int r = firstRow; r < lastRow; r++)
            {
                T* row = SourceAt(vertical.Starts[p] + (r * vertical.Dilation) - sourceFirst, horizontal.Starts[q], horizontal.Size);
                for (int s = first; s < last; s++)
                {
                    TVec x = TVec.Load(row + ((nint)s * horizontal.Dilation * TVec.Count)), wins = WindowTile<TVec, T>.Wins(x, best);
                    best = TVec.Select(wins, x, best);
                    winner = TVec.Select(wins, TVec.Broadcast(T.CreateTruncating(((long)r * schedule.Shape.S) + s)), winner);
                }
            }

            TVec.Store(target + ((nint)q * TVec.Count), best);
            for (int lane = 0; winners != null && lane < lanes; lane++)
                WindowTile<TVec, T>.StoreEach(WinnerAt(winners, lane, p, q), (T*)&winner + lane, 1, schedule.WinnerSize);
        }
    }

    /// <summary>Divides what each window of the strip has to give, or reads to which tap it goes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Give(byte* winners, int lanes, int first, int last)
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
                    TVec.Store(at, TVec.Divide(TVec.Load(at), TVec.Broadcast(T.CreateTruncating(row) * T.CreateTruncating(column))));
                    continue;
                }

                T* tap = taps + (at - source);
                for (int lane = 0; lane < TVec.Count; lane++)
                    tap[lane] = lane < lanes ? WindowTile<TVec, T>.ReadOne(WinnerAt(winners, lane, p, q), schedule.WinnerSize) : T.Zero;
            }
        }
    }

    /// <summary>One row of dx: each pixel sums what the windows that it meets give to it.</summary>
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

    private T* SourceAt(int row, int column, int width) => source + ((((nint)row * width) + column) * TVec.Count);

    private byte* WinnerAt(byte* winners, int lane, int p, int q) =>
        winners + (((((nint)lane * schedule.Rows.Windows) + p) * schedule.Columns.Windows) + q) * schedule.WinnerSize;

    private static bool IsOneRow(PoolSchedule schedule, in PoolProblem<T> problem) => problem.Batch == 1
        || (problem.SourceLayout.N == schedule.Shape.C * problem.SourceLayout.C && problem.TargetLayout.N == schedule.Shape.C * problem.TargetLayout.C);

    private static long SourceSize(PoolSchedule schedule, WindowStrips strips, bool backward) =>
        (long)strips.SourceRows * (backward ? schedule.Columns.Windows : schedule.Shape.W) * TVec.Count;

    private static long TargetSize(PoolSchedule schedule, bool backward) =>
        (long)(backward ? schedule.Shape.W : schedule.Columns.Windows) * TVec.Count;
}
