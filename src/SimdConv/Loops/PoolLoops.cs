using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;
using System.Numerics;
using System.Runtime.CompilerServices;

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

/// <summary>
/// Pooling by planes and output rows: a register holds neighbouring windows, and each tap of theirs is one load, strided where the
/// windows are. Windows that hang over a side of the image run through the same code one at a time, with fewer taps.
/// Backward, what windows give is added to the plane tap by tap, taps ascending in (r, s).
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

    /// <summary>One plane in work.</summary>
    private struct Plane
    {
        public PoolSchedule Schedule;
        public T* Source, Target;
        public byte* Winners;
        public ImageLayout SourceLayout, TargetLayout;

        /// <summary>For each column what it counts for in an average.</summary>
        public T* Counts;

        /// <summary>Backward: P rows of Q elements, what each window has to give and to which tap.</summary>
        public T* Given, Taps;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        PoolSchedule schedule = job->Schedule;
        ref readonly PoolProblem<T> problem = ref job->Problem;
        Pool2DShape shape = schedule.Shape;
        long outputs = problem.Backward ? (long)shape.P * shape.Q : 0;
        using Workspace workspace = new(Workspace.SizeOf<T>(shape.Q) + (2 * Workspace.SizeOf<T>(outputs)));
        Plane plane = new()
        {
            Schedule = schedule,
            SourceLayout = problem.SourceLayout,
            TargetLayout = problem.TargetLayout,
            Counts = workspace.Take<T>(shape.Q),
            Given = workspace.Take<T>(outputs),
            Taps = workspace.Take<T>(outputs),
        };
        for (int q = 0; q < shape.Q; q++)
            plane.Counts[q] = T.CreateTruncating(schedule.Columns.Counts[q]);
        for (long first; (first = Interlocked.Add(ref job->Next, job->Grain) - job->Grain) < job->Planes;)
        {
            for (long index = first; index < Math.Min(first + job->Grain, job->Planes); index++)
            {
                nint image = (nint)(index / shape.C), channel = (nint)(index % shape.C);
                plane.Source = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
                plane.Target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
                plane.Winners = problem.Winners == null ? null : problem.Winners + ((nint)index * shape.P * shape.Q * schedule.WinnerSize);
                if (problem.Backward)
                    Backward(in plane);
                else
                    Forward(in plane);
            }
        }
    }

    private static void Forward(in Plane plane)
    {
        PoolSchedule.Axis columns = plane.Schedule.Columns;
        int w = TVec.Count, width = plane.Schedule.Shape.Q;
        for (int p = 0; p < plane.Schedule.Shape.P; p++)
        {
            for (int q = 0; q < width;)
            {
                bool whole = q >= columns.WholeFirst && q < columns.WholeLast;
                int count = whole ? Math.Min(w, columns.WholeLast - q) : 1;
                if (plane.Schedule.Kind == PoolKind.Average)
                    Average(in plane, p, q, count);
                else
                    Max(in plane, p, q, count);
                q += count;
            }
        }
    }

    /// <summary>The taps that window (p, q) has in the image: where the first is, and how many rows and columns.</summary>
    private static T* Window(in Plane plane, int p, int q, out int rows, out int columns, out int firstTap)
    {
        Pool2DShape shape = plane.Schedule.Shape;
        (int r0, int r1) = plane.Schedule.Rows.Taps[p];
        (int s0, int s1) = plane.Schedule.Columns.Taps[q];
        (rows, columns, firstTap) = (r1 - r0, s1 - s0, (r0 * shape.S) + s0);
        nint h = ((nint)p * shape.StrideH) - shape.PadTop + ((nint)r0 * shape.DilationH);
        nint w = ((nint)q * shape.StrideW) - shape.PadLeft + ((nint)s0 * shape.DilationW);
        return plane.Source + (h * plane.SourceLayout.H) + (w * plane.SourceLayout.W);
    }

    private static void Average(in Plane plane, int p, int q, int count)
    {
        Pool2DShape shape = plane.Schedule.Shape;
        T* row = Window(in plane, p, q, out int rows, out int columns, out _);
        nint step = shape.StrideW * plane.SourceLayout.W;
        TVec sum = default;
        for (; rows > 0; rows--, row += plane.SourceLayout.H)
        {
            T* from = row;
            for (int s = 0; s < columns; s++, from += plane.SourceLayout.W)
                sum = TVec.Add(sum, RowCopy<TVec, T>.LoadUpTo(from, step, count));
        }

        Store(in plane, p, q, count, TVec.Divide(sum, Divisor(in plane, p, q, count)));
    }

    /// <summary>A later tap wins if it is greater, or the first NaN; the first tap inside the image wins where all are equal.</summary>
    private static void Max(in Plane plane, int p, int q, int count)
    {
        Pool2DShape shape = plane.Schedule.Shape;
        T* row = Window(in plane, p, q, out int rows, out int columns, out int tap);
        nint step = shape.StrideW * plane.SourceLayout.W;
        TVec best = RowCopy<TVec, T>.LoadUpTo(row, step, count), winner = TVec.Broadcast(T.CreateTruncating(tap));
        for (; rows > 0; rows--, row += shape.DilationH * plane.SourceLayout.H, tap += shape.S)
        {
            T* from = row;
            for (int s = 0; s < columns; s++, from += shape.DilationW * plane.SourceLayout.W)
            {
                TVec x = RowCopy<TVec, T>.LoadUpTo(from, step, count);
                TVec wins = TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(best, best));
                best = TVec.Select(wins, x, best);
                if (plane.Winners != null)
                    winner = TVec.Select(wins, TVec.Broadcast(T.CreateTruncating(tap + s)), winner);
            }
        }

        Store(in plane, p, q, count, best);
        if (plane.Winners == null)
            return;
        nint at = ((nint)p * shape.Q) + q;
        for (int i = 0; i < count; i++)
        {
            int won = int.CreateTruncating(((T*)&winner)[i]);
            if (plane.Schedule.WinnerSize == 1)
                plane.Winners[at + i] = (byte)won;
            else
                ((int*)plane.Winners)[at + i] = won;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(in Plane plane, int p, int q, int count, TVec value)
    {
        T* to = plane.Target + (p * plane.TargetLayout.H) + (q * plane.TargetLayout.W);
        if (plane.TargetLayout.W == 1)
            RowCopy<TVec, T>.StoreUpTo(to, value, count);
        else
            RowCopy<TVec, T>.Scatter((T*)&value, to, plane.TargetLayout.W, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Divisor(in Plane plane, int p, int q, int count) => plane.Schedule.Shape.DivisorOverride is { } divisor
        ? TVec.Broadcast(T.CreateTruncating(divisor))
        : TVec.Multiply(TVec.Broadcast(T.CreateTruncating(plane.Schedule.Rows.Counts[p])), RowCopy<TVec, T>.LoadUpTo(plane.Counts + q, count));

    private static void Backward(in Plane plane)
    {
        PoolSchedule schedule = plane.Schedule;
        Pool2DShape shape = schedule.Shape;
        Give(in plane);
        for (int h = 0; h < shape.H; h++)
            Clear(plane.Target + (h * plane.TargetLayout.H), plane.TargetLayout.W, shape.W);

        nint step = shape.StrideW * plane.TargetLayout.W;
        bool ownsGaps = plane.TargetLayout.W == 1;
        for (int tap = 0; tap < shape.R * shape.S; tap++)
        {
            int r = tap / shape.S, s = tap % shape.S;
            (int q0, int q1) = Reaching(schedule.Columns, s);
            for (int p = 0; p < shape.P; p++)
            {
                (int first, int last) = schedule.Rows.Taps[p];
                if (r < first || r >= last || q0 >= q1)
                    continue;
                nint h = ((nint)p * shape.StrideH) - shape.PadTop + ((nint)r * shape.DilationH);
                nint w = ((nint)q0 * shape.StrideW) - shape.PadLeft + ((nint)s * shape.DilationW);
                T* to = plane.Target + (h * plane.TargetLayout.H) + (w * plane.TargetLayout.W);
                nint at = ((nint)p * shape.Q) + q0;
                if (plane.Winners == null)
                    RowCopy<TVec, T>.Add(plane.Given + at, to, step, q1 - q0, ownsGaps);
                else
                    AddWon(plane.Given + at, plane.Taps + at, TVec.Broadcast(T.CreateTruncating(tap)), to, step, q1 - q0, ownsGaps);
            }
        }
    }

    /// <summary>Reads dy, divided where averages are pooled, and the winning taps, in contiguous rows.</summary>
    private static void Give(in Plane plane)
    {
        Pool2DShape shape = plane.Schedule.Shape;
        for (int p = 0; p < shape.P; p++)
        {
            T* given = plane.Given + ((nint)p * shape.Q), from = plane.Source + (p * plane.SourceLayout.H);
            for (int q = 0; q < shape.Q; q += TVec.Count)
            {
                int count = Math.Min(TVec.Count, shape.Q - q);
                TVec dy = RowCopy<TVec, T>.LoadUpTo(from + (q * plane.SourceLayout.W), plane.SourceLayout.W, count);
                if (plane.Winners == null)
                    dy = TVec.Divide(dy, Divisor(in plane, p, q, count));
                RowCopy<TVec, T>.StoreUpTo(given + q, dy, count);
            }
        }

        if (plane.Winners == null)
            return;
        for (nint i = 0; i < (nint)shape.P * shape.Q; i++)
            plane.Taps[i] = T.CreateTruncating(plane.Schedule.WinnerSize == 1 ? plane.Winners[i] : ((int*)plane.Winners)[i]);
    }

    private static void AddWon(T* given, T* taps, TVec tap, T* to, nint step, int count, bool ownsGaps)
    {
        for (int j = 0; j < count; j += TVec.Count)
        {
            int rest = Math.Min(TVec.Count, count - j);
            TVec won = TVec.And(TVec.Equal(RowCopy<TVec, T>.LoadUpTo(taps + j, rest), tap), RowCopy<TVec, T>.LoadUpTo(given + j, rest));
            RowCopy<TVec, T>.Add((T*)&won, to + (j * step), step, rest, ownsGaps);
        }
    }

    /// <summary>The windows [First, Last) of an axis whose tap lies in the image.</summary>
    private static (int First, int Last) Reaching(PoolSchedule.Axis axis, int tap)
    {
        int first = 0, last = axis.Taps.Length;
        while (first < last && tap < axis.Taps[first].First)
            first++;
        while (last > first && tap >= axis.Taps[last - 1].Last)
            last--;
        return (first, last);
    }

    private static void Clear(T* row, nint step, int count)
    {
        if (step == 1)
        {
            new Span<T>(row, count).Clear();
            return;
        }

        for (int j = 0; j < count; j++)
            row[j * step] = T.Zero;
    }
}
