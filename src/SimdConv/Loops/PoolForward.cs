using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One plane of pooling forward.</summary>
internal static unsafe class PoolForward<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(in PoolPlane<T> plane)
    {
        // The stride is a constant to each instantiation; 0 is any other one.
        switch (plane.Schedule.Shape.StrideW * plane.SourceLayout.W)
        {
            case 1: Run<N1>(in plane); break;
            case 2: Run<N2>(in plane); break;
            default: Run<N0>(in plane); break;
        }
    }

    private static void Run<TStep>(in PoolPlane<T> plane)
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
            Window window = new()
            {
                Columns = s1 - s0,
                NextRow = shape.DilationH * plane.SourceLayout.H,
                NextColumn = shape.DilationW * plane.SourceLayout.W,
                Step = shape.StrideW * plane.SourceLayout.W,
                Count = count,
                NextTap = shape.S,
            };
            T* left = plane.Source + ((((nint)q * shape.StrideW) - shape.PadLeft + ((nint)s0 * shape.DilationW)) * plane.SourceLayout.W);
            if (average)
                Averages<TStep>(in plane, window, left, q);
            else
                Maxima<TStep>(in plane, window, left, q, s0);
            q += count;
        }
    }

    /// <summary>The same columns of all output rows.</summary>
    private static void Averages<TStep>(in PoolPlane<T> plane, Window window, T* left, int q)
        where TStep : struct, IConstant
    {
        Pool2DShape shape = plane.Schedule.Shape;
        (int First, int Last)[] rows = plane.Schedule.Rows.Taps;
        int[] rowCounts = plane.Schedule.Rows.Counts;
        TVec columnCounts = RowCopy<TVec, T>.LoadUpTo(plane.Counts + q, window.Count);
        for (int p = 0; p < rows.Length; p++)
        {
            window.MoveTo(in plane, left, (((nint)p * shape.StrideH) - shape.PadTop + ((nint)rows[p].First * shape.DilationH)), rows[p].Last - rows[p].First);
            TVec divisor = TVec.Multiply(TVec.Broadcast(T.CreateTruncating(rowCounts[p])), columnCounts);
            if (shape.DivisorOverride is { } fixedDivisor)
                divisor = TVec.Broadcast(T.CreateTruncating(fixedDivisor));
            Store(in plane, p, q, window.Count, TVec.Divide(Sum<TStep>(in window), divisor));
        }
    }

    /// <summary>The same columns of all output rows.</summary>
    private static void Maxima<TStep>(in PoolPlane<T> plane, Window window, T* left, int q, int firstColumn)
        where TStep : struct, IConstant
    {
        Pool2DShape shape = plane.Schedule.Shape;
        (int First, int Last)[] rows = plane.Schedule.Rows.Taps;
        for (int p = 0; p < rows.Length; p++)
        {
            window.MoveTo(in plane, left, (((nint)p * shape.StrideH) - shape.PadTop + ((nint)rows[p].First * shape.DilationH)), rows[p].Last - rows[p].First);
            window.FirstTap = (rows[p].First * shape.S) + firstColumn;
            TVec best = plane.Winners == null ? Max<TStep>(in window) : Max<TStep>(in window, plane.Winners, ((nint)p * shape.Q) + q, plane.Schedule.WinnerSize);
            Store(in plane, p, q, window.Count, best);
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

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void MoveTo(in PoolPlane<T> plane, T* left, nint row, int rows)
        {
            Row = left + (row * plane.SourceLayout.H);
            Rows = rows;
            Roomy = plane.SourceEnd - (Row + ((Rows - 1) * NextRow) + ((Columns - 1) * NextColumn)) >= 2 * TVec.Count;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Load<TStep>(in Window window, T* from)
        where TStep : struct, IConstant
    {
        nint step = TStep.Value == 0 ? window.Step : TStep.Value;
        return TStep.Value != 0 && window.Roomy ? RowCopy<TVec, T>.Load(from, step) : RowCopy<TVec, T>.LoadUpTo(from, step, window.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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
    private static void Store(in PoolPlane<T> plane, int p, int q, int count, TVec value)
    {
        T* to = plane.Target + (p * plane.TargetLayout.H) + (q * plane.TargetLayout.W);
        if (plane.TargetLayout.W == 1)
            RowCopy<TVec, T>.StoreUpTo(to, value, count);
        else
            RowCopy<TVec, T>.Scatter((T*)&value, to, plane.TargetLayout.W, count);
    }
}
