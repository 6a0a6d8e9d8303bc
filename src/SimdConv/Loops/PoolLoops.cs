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

    /// <summary>Elements that Source spans.</summary>
    public long SourceLength;

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

        /// <summary>Behind the last element of the whole batch: up to there a register may read more than its windows need.</summary>
        public T* SourceEnd;
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
            SourceEnd = problem.Source + problem.SourceLength,
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
        // The stride is a constant to each instantiation; 0 is any other one.
        switch (plane.Schedule.Shape.StrideW * plane.SourceLayout.W)
        {
            case 1: Forward<N1>(in plane); break;
            case 2: Forward<N2>(in plane); break;
            default: Forward<N0>(in plane); break;
        }
    }

    private static void Forward<TStep>(in Plane plane)
        where TStep : struct, IConstant
    {
        PoolSchedule.Axis columns = plane.Schedule.Columns;
        Pool2DShape shape = plane.Schedule.Shape;
        bool average = plane.Schedule.Kind == PoolKind.Average;
        for (int q = 0; q < shape.Q;)
        {
            bool whole = q >= columns.WholeFirst && q < columns.WholeLast;
            int count = whole ? Math.Min(TVec.Count, columns.WholeLast - q) : 1;
            (int s0, int s1) = columns.Taps[q];
            nint left = (((nint)q * shape.StrideW) - shape.PadLeft + ((nint)s0 * shape.DilationW)) * plane.SourceLayout.W;
            for (int p = 0; p < shape.P; p++)
            {
                (int r0, int r1) = plane.Schedule.Rows.Taps[p];
                nint top = ((nint)p * shape.StrideH) - shape.PadTop + ((nint)r0 * shape.DilationH);
                Window window = new()
                {
                    Row = plane.Source + (top * plane.SourceLayout.H) + left,
                    Rows = r1 - r0,
                    Columns = s1 - s0,
                    NextRow = shape.DilationH * plane.SourceLayout.H,
                    NextColumn = shape.DilationW * plane.SourceLayout.W,
                    Step = shape.StrideW * plane.SourceLayout.W,
                    Count = count,
                    FirstTap = (r0 * shape.S) + s0,
                    NextTap = shape.S,
                };
                window.Roomy = plane.SourceEnd - (window.Row + ((window.Rows - 1) * window.NextRow) + ((window.Columns - 1) * window.NextColumn)) >= 2 * TVec.Count;
                if (average)
                {
                    Store(in plane, p, q, count, TVec.Divide(Sum<TStep>(in window), Divisor(in plane, p, q, count)));
                    continue;
                }

                TVec best = plane.Winners == null ? Max<TStep>(in window) : Max<TStep>(in window, plane.Winners, ((nint)p * shape.Q) + q, plane.Schedule.WinnerSize);
                Store(in plane, p, q, count, best);
            }

            q += count;
        }
    }

    /// <summary>The taps in the image of neighbouring windows, which all have the same.</summary>
    private struct Window
    {
        /// <summary>The first tap of the first window.</summary>
        public T* Row;
        public int Rows, Columns, Count, FirstTap, NextTap;
        public nint NextRow, NextColumn, Step;

        /// <summary>Whether whole registers may be read at every tap.</summary>
        public bool Roomy;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Load<TStep>(in Window window, T* from)
        where TStep : struct, IConstant
    {
        nint step = TStep.Value == 0 ? window.Step : TStep.Value;
        return TStep.Value != 0 && window.Roomy ? RowCopy<TVec, T>.Load(from, step) : RowCopy<TVec, T>.LoadUpTo(from, step, window.Count);
    }

    private static TVec Sum<TStep>(in Window window)
        where TStep : struct, IConstant
    {
        TVec sum = default;
        T* row = window.Row;
        for (int r = window.Rows; r > 0; r--, row += window.NextRow)
        {
            T* from = row;
            for (int s = window.Columns; s > 0; s--, from += window.NextColumn)
                sum = TVec.Add(sum, Load<TStep>(in window, from));
        }

        return sum;
    }

    private static TVec Max<TStep>(in Window window)
        where TStep : struct, IConstant
    {
        TVec best = Load<TStep>(in window, window.Row);
        T* row = window.Row;
        for (int r = window.Rows; r > 0; r--, row += window.NextRow)
        {
            T* from = row;
            for (int s = window.Columns; s > 0; s--, from += window.NextColumn)
            {
                TVec x = Load<TStep>(in window, from);
                best = TVec.Select(Wins(x, best), x, best);
            }
        }

        return best;
    }

    private static TVec Max<TStep>(in Window window, byte* winners, nint at, int winnerSize)
        where TStep : struct, IConstant
    {
        TVec best = Load<TStep>(in window, window.Row), winner = TVec.Broadcast(T.CreateTruncating(window.FirstTap));
        T* row = window.Row;
        int tap = window.FirstTap;
        for (int r = window.Rows; r > 0; r--, row += window.NextRow, tap += window.NextTap)
        {
            T* from = row;
            for (int s = 0; s < window.Columns; s++, from += window.NextColumn)
            {
                TVec x = Load<TStep>(in window, from), wins = Wins(x, best);
                best = TVec.Select(wins, x, best);
                winner = TVec.Select(wins, TVec.Broadcast(T.CreateTruncating(tap + s)), winner);
            }
        }

        for (int i = 0; i < window.Count; i++)
        {
            int won = ToInt(((T*)&winner)[i]);
            if (winnerSize == 1)
                winners[at + i] = (byte)won;
            else
                ((int*)winners)[at + i] = won;
        }

        return best;
    }

    /// <summary>A later tap wins if it is greater, or the first NaN; the first tap inside the image wins where all are equal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Wins(TVec x, TVec best) => TVec.Select(TVec.Equal(x, x), TVec.GreaterThan(x, best), TVec.Equal(best, best));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ToInt(T value) => typeof(T) == typeof(float) ? (int)Unsafe.BitCast<T, float>(value) : (int)Unsafe.BitCast<T, double>(value);

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
        if (shape.S == 2 && shape.StrideW == 2 && shape.R == shape.StrideH && (shape.PadTop | shape.PadLeft) == 0 && plane.TargetLayout.W == 1
            && (shape.DilationH | shape.DilationW) == 1 && shape.P * shape.R <= shape.H && shape.Q * 2 <= shape.W)
        {
            BackwardDisjoint(in plane);
            return;
        }

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

    /// <summary>Windows two wide that neither overlap nor hang over: each row of dx is written once, whole.</summary>
    private static void BackwardDisjoint(in Plane plane)
    {
        Pool2DShape shape = plane.Schedule.Shape;
        int w = TVec.Count, covered = shape.P * shape.R;
        nint sourceStep = plane.SourceLayout.W, targetRow = plane.TargetLayout.H;
        for (int p = 0; p < shape.P; p++)
        {
            T* from = plane.Source + (p * plane.SourceLayout.H), to = plane.Target + (p * shape.R * targetRow);
            for (int q = 0; q < shape.Q; q += w)
            {
                int count = Math.Min(w, shape.Q - q);
                TVec dy = RowCopy<TVec, T>.LoadUpTo(from + (q * sourceStep), sourceStep, count), taps = default;
                if (plane.Winners == null)
                    dy = TVec.Divide(dy, Divisor(in plane, p, q, count));
                else
                    ReadWinners(in plane, ((nint)p * shape.Q) + q, count, (T*)&taps);
                for (int r = 0; r < shape.R; r++)
                {
                    (TVec even, TVec odd) = (dy, dy);
                    if (plane.Winners != null)
                    {
                        even = TVec.And(dy, TVec.Equal(taps, TVec.Broadcast(T.CreateTruncating(2 * r))));
                        odd = TVec.And(dy, TVec.Equal(taps, TVec.Broadcast(T.CreateTruncating((2 * r) + 1))));
                    }

                    (TVec low, TVec high) = TVec.Interleave(even, odd);
                    RowCopy<TVec, T>.StoreUpTo(to + (r * targetRow) + (2 * q), low, 2 * count);
                    RowCopy<TVec, T>.StoreUpTo(to + (r * targetRow) + (2 * q) + w, high, (2 * count) - w);
                }
            }

            for (int r = 0; r < shape.R && shape.W > 2 * shape.Q; r++)
                new Span<T>(to + (r * targetRow) + (2 * shape.Q), shape.W - (2 * shape.Q)).Clear();
        }

        for (int h = covered; h < shape.H; h++)
            new Span<T>(plane.Target + (h * targetRow), shape.W).Clear();
    }

    private static void ReadWinners(in Plane plane, nint at, nint count, T* taps)
    {
        for (nint i = 0; i < count; i++)
            taps[i] = T.CreateTruncating(plane.Schedule.WinnerSize == 1 ? plane.Winners[at + i] : ((int*)plane.Winners)[at + i]);
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

        if (plane.Winners != null)
            ReadWinners(in plane, 0, (nint)shape.P * shape.Q, plane.Taps);
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
