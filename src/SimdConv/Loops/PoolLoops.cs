using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;
using System.Numerics;

namespace SimdConv.Loops;

/// <summary>One call of pooling: forward from Source to Target, backward from Source (dy) to Target (dx).</summary>
internal unsafe struct PoolProblem<T>
    where T : unmanaged
{
    public int Batch;
    public bool Backward;
    public T* Source, Target;

    /// <summary>The winning taps, or null.</summary>
    public byte* Winners;
    public ImageLayout SourceLayout, TargetLayout;
}

/// <summary>What a pooling plan knows beside the tier: the strips of one channel, and what averages divide by.</summary>
internal sealed class PoolSchedule
{
    public PoolSchedule(Pool2DShape shape, PoolKind kind)
    {
        Shape = shape;
        Kind = kind;
        TapGrid grid = TapGrid.Forward(shape);
        Forward = new StripLayout(grid, StripLayout.RowsWithin(grid, 1, 8192), 1);
        Backward = new StripLayout(grid, grid.Height, 1);
        RowCounts = Counts(shape.P, shape.R, shape.H, shape.StrideH, shape.PadTop, shape.PadBottom, shape.CountIncludePad);
        ColumnCounts = Counts(shape.Q, shape.S, shape.W, shape.StrideW, shape.PadLeft, shape.PadRight, shape.CountIncludePad);
        FirstRows = FirstTaps(shape.P, shape.StrideH, shape.PadTop, shape.DilationH);
        FirstColumns = FirstTaps(shape.Q, shape.StrideW, shape.PadLeft, shape.DilationW);
    }

    public Pool2DShape Shape { get; }

    public PoolKind Kind { get; }

    /// <summary>Strips of the input that stay in L1.</summary>
    public StripLayout Forward { get; }

    /// <summary>The whole plane: windows of different strips overlap.</summary>
    public StripLayout Backward { get; }

    /// <summary>For each output row the rows of its window that count; an average divides by their product with the columns'.</summary>
    public int[] RowCounts { get; }

    public int[] ColumnCounts { get; }

    /// <summary>For each output row the first row of its window that lies in the image: what wins where all are equal.</summary>
    public int[] FirstRows { get; }

    public int[] FirstColumns { get; }

    public int WinnerSize => (long)Shape.R * Shape.S <= 256 ? 1 : 4;

    private static int[] FirstTaps(int windows, int stride, int pad, int dilation)
    {
        int[] first = new int[windows];
        for (int i = 0; i < windows; i++)
            first[i] = (int)((Math.Max(0, pad - ((long)i * stride)) + dilation - 1) / dilation);
        return first;
    }

    private static int[] Counts(int windows, int kernel, int size, int stride, int padBefore, int padAfter, bool includePad)
    {
        int[] counts = new int[windows];
        for (int i = 0; i < windows; i++)
        {
            // PyTorch's rule: a window is cut at the end of the padding, then, unless padding counts, at the image.
            long start = ((long)i * stride) - padBefore, end = Math.Min(start + kernel, (long)size + padAfter);
            counts[i] = (int)(includePad ? end - start : Math.Min(end, size) - Math.Max(start, 0));
        }

        return counts;
    }
}

/// <summary>
/// Pooling by planes: an output row is a vector of windows, and each tap one load from a strip in which every stride is 1.
/// Backward, the strip collects what each window gives to its taps, taps ascending in (r, s), and is then spread over the plane.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class PoolLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time.</summary>
    private const int Grain = 1 << 14;

    public static void Run(PoolSchedule schedule, in PoolProblem<T> problem, Execution execution)
    {
        Pool2DShape shape = schedule.Shape;
        long planes = (long)problem.Batch * shape.C;
        Job job = new() { Schedule = schedule, Problem = problem, Planes = planes, Grain = Math.Max(1, Grain / (shape.H * shape.W)) };
        long items = (planes + job.Grain - 1) / job.Grain;
        execution.Run((int)Math.Min(execution.Threads, items), &RunPart, &job);
    }

    private struct Job
    {
        public PoolSchedule Schedule;
        public PoolProblem<T> Problem;
        public int Grain;
        public long Planes, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        PoolSchedule schedule = job->Schedule;
        ref readonly PoolProblem<T> problem = ref job->Problem;
        Pool2DShape shape = schedule.Shape;
        StripLayout layout = problem.Backward ? schedule.Backward : schedule.Forward;
        int ld = (shape.Q + TVec.Count - 1) / TVec.Count * TVec.Count;
        long strip = (long)layout.ChannelSize + TVec.Count, rows = problem.Backward ? (long)shape.P * ld : ld;
        using Workspace workspace = new(Workspace.SizeOf<T>(strip) + (2 * Workspace.SizeOf<T>(rows)) + Workspace.SizeOf<T>(ld));
        Buffers buffers = new()
        {
            Ld = ld,
            Strip = workspace.Take<T>(strip),
            Values = workspace.Take<T>(rows),
            Winners = workspace.Take<T>(rows),
            Divisors = workspace.Take<T>(ld),
        };
        for (long first; (first = Interlocked.Add(ref job->Next, job->Grain) - job->Grain) < job->Planes;)
        {
            for (long plane = first; plane < Math.Min(first + job->Grain, job->Planes); plane++)
            {
                nint image = (nint)(plane / shape.C), channel = (nint)(plane % shape.C);
                T* source = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
                T* target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
                byte* winners = problem.Winners == null ? null : problem.Winners + ((nint)plane * shape.P * shape.Q * schedule.WinnerSize);
                if (problem.Backward)
                    BackwardPlane(schedule, problem, source, target, winners, buffers);
                else
                    ForwardPlane(schedule, problem, source, target, winners, buffers);
            }
        }
    }

    private struct Buffers
    {
        /// <summary>Elements from one row of Values and Winners to the next: the output's width in whole registers.</summary>
        public int Ld;
        public T* Strip, Values, Winners, Divisors;
    }

    private static void ForwardPlane(PoolSchedule schedule, in PoolProblem<T> problem, T* source, T* target, byte* winners, Buffers buffers)
    {
        StripLayout layout = schedule.Forward;
        TapGrid grid = layout.Grid;
        bool max = schedule.Kind == PoolKind.Max;
        int width = grid.Width, w = TVec.Count;
        for (int y = 0; y < grid.Height; y += layout.Rows)
        {
            int rows = Math.Min(layout.Rows, grid.Height - y);
            StripPacking<TVec, T>.Fill(layout, source, problem.SourceLayout, 1, y, rows, buffers.Strip, w, max ? T.NegativeInfinity : T.Zero);
            for (int i = 0; i < rows; i++)
            {
                T* from = buffers.Strip + ((nint)i * layout.Pitch), to = target + ((y + i) * problem.TargetLayout.H);
                if (winners != null)
                {
                    for (int j = 0; j < width; j++)
                        buffers.Winners[j] = T.CreateTruncating((schedule.FirstRows[y + i] * grid.Columns.Length) + schedule.FirstColumns[j]);
                }

                if (max)
                    MaxRow(layout.Offsets, from, buffers.Values, width, winners == null ? null : buffers.Winners);
                else
                    AverageRow(layout.Offsets, from, buffers.Values, width, Divisors(schedule, y + i, buffers.Divisors));
                Spread(buffers.Values, to, problem.TargetLayout.W, width);
                if (winners != null)
                {
                    for (int j = 0; j < width; j++)
                        SetWinner(winners, ((nint)(y + i) * width) + j, schedule.WinnerSize, int.CreateTruncating(buffers.Winners[j]));
                }
            }
        }
    }

    /// <summary>
    /// The largest tap of each window, and which it is: a later tap wins if it is greater, or the first NaN. Padding is minus
    /// infinity, so it never wins over the first tap inside the image, which <paramref name="winners"/> hold before.
    /// </summary>
    private static void MaxRow(int[] offsets, T* from, T* to, int width, T* winners)
    {
        int w = TVec.Count;
        for (int j = 0; j < width; j += w)
        {
            TVec best = TVec.Broadcast(T.NegativeInfinity), winner = winners == null ? default : TVec.Load(winners + j);
            for (int tap = 0; tap < offsets.Length; tap++)
            {
                TVec x = TVec.Load(from + offsets[tap] + j);

                // Neither greater nor equal nor smaller: x is NaN; what has won as NaN stays.
                TVec isNumber = TVec.Equal(x, x), bestIsNumber = TVec.Equal(best, best);
                TVec wins = TVec.Select(isNumber, TVec.GreaterThan(x, best), bestIsNumber);
                best = TVec.Select(wins, x, best);
                if (winners != null)
                    winner = TVec.Select(wins, TVec.Broadcast(T.CreateTruncating(tap)), winner);
            }

            TVec.Store(to + j, best);
            if (winners != null)
                TVec.Store(winners + j, winner);
        }
    }

    private static void AverageRow(int[] offsets, T* from, T* to, int width, T* divisors)
    {
        for (int j = 0; j < width; j += TVec.Count)
        {
            TVec sum = default;
            foreach (int offset in offsets)
                sum = TVec.Add(sum, TVec.Load(from + offset + j));
            TVec.Store(to + j, TVec.Divide(sum, TVec.Load(divisors + j)));
        }
    }

    private static void BackwardPlane(PoolSchedule schedule, in PoolProblem<T> problem, T* source, T* target, byte* winners, Buffers buffers)
    {
        StripLayout layout = schedule.Backward;
        TapGrid grid = layout.Grid;
        int width = grid.Width, w = TVec.Count;
        new Span<T>(buffers.Strip, layout.ChannelSize).Clear();

        // What each window has to give, and to which tap.
        for (int i = 0; i < grid.Height; i++)
        {
            T* row = buffers.Values + ((nint)i * buffers.Ld), winnerRow = buffers.Winners + ((nint)i * buffers.Ld);
            RowCopy<TVec, T>.Gather(source + (i * problem.SourceLayout.H), problem.SourceLayout.W, row, width);
            if (winners == null)
            {
                T* divisors = Divisors(schedule, i, buffers.Divisors);
                for (int j = 0; j < width; j += w)
                    TVec.Store(row + j, TVec.Divide(TVec.Load(row + j), TVec.Load(divisors + j)));
            }
            else
            {
                for (int j = 0; j < width; j++)
                    winnerRow[j] = T.CreateTruncating(Winner(winners, ((nint)i * width) + j, schedule.WinnerSize));
            }
        }

        for (int tap = 0; tap < layout.Offsets.Length; tap++)
        {
            TVec own = TVec.Broadcast(T.CreateTruncating(tap));
            for (int i = 0; i < grid.Height; i++)
            {
                T* to = buffers.Strip + layout.Offsets[tap] + ((nint)i * layout.Pitch);
                nint row = (nint)i * buffers.Ld;
                for (int j = 0; j < width; j += w)
                {
                    TVec given = TVec.Load(buffers.Values + row + j);
                    if (winners != null)
                        given = TVec.Select(TVec.Equal(TVec.Load(buffers.Winners + row + j), own), given, default);
                    RowCopy<TVec, T>.StoreUpTo(to + j, TVec.Add(RowCopy<TVec, T>.LoadUpTo(to + j, width - j), given), width - j);
                }
            }
        }

        StripPacking<TVec, T>.Drain(layout, buffers.Strip, target, problem.TargetLayout);
    }

    /// <summary>What each window of an output row divides by.</summary>
    private static T* Divisors(PoolSchedule schedule, int row, T* divisors)
    {
        int[] columns = schedule.ColumnCounts;
        for (int q = 0; q < columns.Length; q++)
            divisors[q] = T.CreateTruncating(schedule.Shape.DivisorOverride ?? ((long)schedule.RowCounts[row] * columns[q]));
        return divisors;
    }

    private static void Spread(T* from, T* to, nint step, int count)
    {
        if (step == 1)
        {
            RowCopy<TVec, T>.Gather(from, 1, to, count);
            return;
        }

        for (int j = 0; j < count; j++)
            to[j * step] = from[j];
    }

    private static void SetWinner(byte* winners, nint index, int size, int tap)
    {
        if (size == 1)
            winners[index] = (byte)tap;
        else
            ((int*)winners)[index] = tap;
    }

    private static int Winner(byte* winners, nint index, int size) => size == 1 ? winners[index] : ((int*)winners)[index];
}
