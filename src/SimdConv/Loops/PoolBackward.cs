using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One plane of pooling backward.</summary>
internal static unsafe class PoolBackward<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(in PoolPlane<T> plane)
    {
        PoolSchedule schedule = plane.Schedule;
        Pool2DShape shape = schedule.Shape;
        if (shape.S == 2 && shape.StrideW == 2 && shape.R == shape.StrideH && (shape.PadTop | shape.PadLeft) == 0 && plane.TargetLayout.W == 1
            && (shape.DilationH | shape.DilationW) == 1 && shape.P * shape.R <= shape.H && shape.Q * 2 <= shape.W)
        {
            Disjoint(in plane);
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
    private static void Disjoint(in PoolPlane<T> plane)
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

    private static void ReadWinners(in PoolPlane<T> plane, nint at, nint count, T* taps)
    {
        for (nint i = 0; i < count; i++)
            taps[i] = T.CreateTruncating(plane.Schedule.WinnerSize == 1 ? plane.Winners[at + i] : ((int*)plane.Winners)[at + i]);
    }

    /// <summary>Reads dy, divided where averages are pooled, and the winning taps, in contiguous rows.</summary>
    private static void Give(in PoolPlane<T> plane)
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

    /// <summary>What neighbouring windows of a row divide by.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Divisor(in PoolPlane<T> plane, int p, int q, int count) => plane.Schedule.Shape.DivisorOverride is { } divisor
        ? TVec.Broadcast(T.CreateTruncating(divisor))
        : TVec.Multiply(TVec.Broadcast(T.CreateTruncating(plane.Schedule.Rows.Counts[p])), RowCopy<TVec, T>.LoadUpTo(plane.Counts + q, count));
}
