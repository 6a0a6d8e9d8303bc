using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>
/// Transposes in registers: W rows of W elements become W columns, by log2(W) rounds of perfect shuffles. Where the rows are
/// contiguous this is what turns them into the lanes of a tile: 16x16 floats take 64 shuffles, a quarter of one an element.
/// </summary>
internal static unsafe class TransposeBlocks<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How far ahead of itself each row is fetched: more rows at once than the hardware follows.</summary>
    private const int PrefetchBlocks = 2;

    /// <summary>target[k * ld + i] = scale * source[i * stride + k] for i below rows (at most W) and k below terms.</summary>
    /// <remarks>Whole registers are stored as long as they end at or before <paramref name="end"/>: where rows is below W, what lies
    /// behind column k's rows is written too, so columns must be written in ascending order; unless <paramref name="exact"/>.</remarks>
    public static void Run(T* source, nint stride, int rows, int terms, T scale, T* target, nint ld, T* end, bool exact = false)
    {
        int w = TVec.Count;
        TVec factor = TVec.Broadcast(scale);
        int k = 0;
        if (w is 4 or 8 or 16)
        {
            for (; k < terms; k += w)
                Square(source + k, stride, rows, Math.Min(w, terms - k), factor, target + (k * ld), ld, end, exact);
            return;
        }

        for (; k < terms; k++)
        {
            for (int i = 0; i < rows; i++)
                target[(k * ld) + i] = scale * source[(i * stride) + k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Square(T* source, nint stride, int rows, int terms, TVec scale, T* target, nint ld, T* end, bool exact)
    {
        if (TVec.Count == 16)
            Square16(source, stride, rows, terms, scale, target, ld, end, exact);
        else if (TVec.Count == 8)
            Square8(source, stride, rows, terms, scale, target, ld, end, exact);
        else
            Square4(source, stride, rows, terms, scale, target, ld, end, exact);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Row(T* source, int terms)
    {
        Prefetch.Line(source + (PrefetchBlocks * TVec.Count));
        return terms < TVec.Count ? TVec.LoadPartial(source, terms) : TVec.Load(source);
    }

    /// <summary>Nothing behind the end: the columns of a block that stick out of the last terms aren't written at all.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T* target, T* end, bool exact, int rows, TVec value)
    {
        if (exact ? rows == TVec.Count && target < end : target + TVec.Count <= end)
            TVec.Store(target, value);
        else if (target < end)
            TVec.StorePartial(target, value, exact ? rows : (int)Math.Min(rows, end - target));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square4(T* source, nint stride, int rows, int terms, TVec scale, T* target, nint ld, T* end, bool exact)
    {
        TVec r0 = Row(source, terms);
        if (rows > 1) source += stride;
        TVec r1 = Row(source, terms);
        if (rows > 2) source += stride;
        TVec r2 = Row(source, terms);
        if (rows > 3) source += stride;
        TVec r3 = Row(source, terms);
        (TVec s0, TVec s1) = TVec.Interleave(r0, r2);
        (TVec s2, TVec s3) = TVec.Interleave(r1, r3);
        (r0, r1) = TVec.Interleave(s0, s2);
        (r2, r3) = TVec.Interleave(s1, s3);
        Put(target, end, exact, rows, TVec.Multiply(scale, r0));
        Put(target + ld, end, exact, rows, TVec.Multiply(scale, r1));
        Put(target + (2 * ld), end, exact, rows, TVec.Multiply(scale, r2));
        Put(target + (3 * ld), end, exact, rows, TVec.Multiply(scale, r3));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square8(T* source, nint stride, int rows, int terms, TVec scale, T* target, nint ld, T* end, bool exact)
    {
        TVec r0 = Row(source, terms);
        if (rows > 1) source += stride;
        TVec r1 = Row(source, terms);
        if (rows > 2) source += stride;
        TVec r2 = Row(source, terms);
        if (rows > 3) source += stride;
        TVec r3 = Row(source, terms);
        if (rows > 4) source += stride;
        TVec r4 = Row(source, terms);
        if (rows > 5) source += stride;
        TVec r5 = Row(source, terms);
        if (rows > 6) source += stride;
        TVec r6 = Row(source, terms);
        if (rows > 7) source += stride;
        TVec r7 = Row(source, terms);
        (TVec s0, TVec s1) = TVec.Interleave(r0, r4);
        (TVec s2, TVec s3) = TVec.Interleave(r1, r5);
        (TVec s4, TVec s5) = TVec.Interleave(r2, r6);
        (TVec s6, TVec s7) = TVec.Interleave(r3, r7);
        (r0, r1) = TVec.Interleave(s0, s4);
        (r2, r3) = TVec.Interleave(s1, s5);
        (r4, r5) = TVec.Interleave(s2, s6);
        (r6, r7) = TVec.Interleave(s3, s7);
        (s0, s1) = TVec.Interleave(r0, r4);
        (s2, s3) = TVec.Interleave(r1, r5);
        (s4, s5) = TVec.Interleave(r2, r6);
        (s6, s7) = TVec.Interleave(r3, r7);
        Put(target, end, exact, rows, TVec.Multiply(scale, s0));
        Put(target + ld, end, exact, rows, TVec.Multiply(scale, s1));
        Put(target + (2 * ld), end, exact, rows, TVec.Multiply(scale, s2));
        Put(target + (3 * ld), end, exact, rows, TVec.Multiply(scale, s3));
        Put(target + (4 * ld), end, exact, rows, TVec.Multiply(scale, s4));
        Put(target + (5 * ld), end, exact, rows, TVec.Multiply(scale, s5));
        Put(target + (6 * ld), end, exact, rows, TVec.Multiply(scale, s6));
        Put(target + (7 * ld), end, exact, rows, TVec.Multiply(scale, s7));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Square16(T* source, nint stride, int rows, int terms, TVec scale, T* target, nint ld, T* end, bool exact)
    {
        TVec r0 = Row(source, terms);
        if (rows > 1) source += stride;
        TVec r1 = Row(source, terms);
        if (rows > 2) source += stride;
        TVec r2 = Row(source, terms);
        if (rows > 3) source += stride;
        TVec r3 = Row(source, terms);
        if (rows > 4) source += stride;
        TVec r4 = Row(source, terms);
        if (rows > 5) source += stride;
        TVec r5 = Row(source, terms);
        if (rows > 6) source += stride;
        TVec r6 = Row(source, terms);
        if (rows > 7) source += stride;
        TVec r7 = Row(source, terms);
        if (rows > 8) source += stride;
        TVec r8 = Row(source, terms);
        if (rows > 9) source += stride;
        TVec r9 = Row(source, terms);
        if (rows > 10) source += stride;
        TVec r10 = Row(source, terms);
        if (rows > 11) source += stride;
        TVec r11 = Row(source, terms);
        if (rows > 12) source += stride;
        TVec r12 = Row(source, terms);
        if (rows > 13) source += stride;
        TVec r13 = Row(source, terms);
        if (rows > 14) source += stride;
        TVec r14 = Row(source, terms);
        if (rows > 15) source += stride;
        TVec r15 = Row(source, terms);
        (TVec s0, TVec s1) = TVec.Interleave(r0, r8);
        (TVec s2, TVec s3) = TVec.Interleave(r1, r9);
        (TVec s4, TVec s5) = TVec.Interleave(r2, r10);
        (TVec s6, TVec s7) = TVec.Interleave(r3, r11);
        (TVec s8, TVec s9) = TVec.Interleave(r4, r12);
        (TVec s10, TVec s11) = TVec.Interleave(r5, r13);
        (TVec s12, TVec s13) = TVec.Interleave(r6, r14);
        (TVec s14, TVec s15) = TVec.Interleave(r7, r15);
        (r0, r1) = TVec.Interleave(s0, s8);
        (r2, r3) = TVec.Interleave(s1, s9);
        (r4, r5) = TVec.Interleave(s2, s10);
        (r6, r7) = TVec.Interleave(s3, s11);
        (r8, r9) = TVec.Interleave(s4, s12);
        (r10, r11) = TVec.Interleave(s5, s13);
        (r12, r13) = TVec.Interleave(s6, s14);
        (r14, r15) = TVec.Interleave(s7, s15);
        (s0, s1) = TVec.Interleave(r0, r8);
        (s2, s3) = TVec.Interleave(r1, r9);
        (s4, s5) = TVec.Interleave(r2, r10);
        (s6, s7) = TVec.Interleave(r3, r11);
        (s8, s9) = TVec.Interleave(r4, r12);
        (s10, s11) = TVec.Interleave(r5, r13);
        (s12, s13) = TVec.Interleave(r6, r14);
        (s14, s15) = TVec.Interleave(r7, r15);
        (r0, r1) = TVec.Interleave(s0, s8);
        (r2, r3) = TVec.Interleave(s1, s9);
        (r4, r5) = TVec.Interleave(s2, s10);
        (r6, r7) = TVec.Interleave(s3, s11);
        (r8, r9) = TVec.Interleave(s4, s12);
        (r10, r11) = TVec.Interleave(s5, s13);
        (r12, r13) = TVec.Interleave(s6, s14);
        (r14, r15) = TVec.Interleave(s7, s15);
        Put(target, end, exact, rows, TVec.Multiply(scale, r0));
        Put(target + ld, end, exact, rows, TVec.Multiply(scale, r1));
        Put(target + (2 * ld), end, exact, rows, TVec.Multiply(scale, r2));
        Put(target + (3 * ld), end, exact, rows, TVec.Multiply(scale, r3));
        Put(target + (4 * ld), end, exact, rows, TVec.Multiply(scale, r4));
        Put(target + (5 * ld), end, exact, rows, TVec.Multiply(scale, r5));
        Put(target + (6 * ld), end, exact, rows, TVec.Multiply(scale, r6));
        Put(target + (7 * ld), end, exact, rows, TVec.Multiply(scale, r7));
        Put(target + (8 * ld), end, exact, rows, TVec.Multiply(scale, r8));
        Put(target + (9 * ld), end, exact, rows, TVec.Multiply(scale, r9));
        Put(target + (10 * ld), end, exact, rows, TVec.Multiply(scale, r10));
        Put(target + (11 * ld), end, exact, rows, TVec.Multiply(scale, r11));
        Put(target + (12 * ld), end, exact, rows, TVec.Multiply(scale, r12));
        Put(target + (13 * ld), end, exact, rows, TVec.Multiply(scale, r13));
        Put(target + (14 * ld), end, exact, rows, TVec.Multiply(scale, r14));
        Put(target + (15 * ld), end, exact, rows, TVec.Multiply(scale, r15));
    }
}
