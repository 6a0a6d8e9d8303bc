namespace SimdConv.Kernels;

/// <summary>The square tile of transposes and dot products: W rows of W elements, read in place, become W columns.</summary>
/// <remarks>
/// A round exchanges elements of pairs of registers, so that one bit of an element's index within its register becomes a bit of
/// the register's number (<see cref="ILanes{TSelf, T}.Exchange"/>). Within and between the 128-bit lanes these are single
/// instructions with two sources: perfect shuffles of whole registers take twice as long on Zen 4. Rows aren't prefetched: the
/// processor follows sixteen streams by itself, and where rows are a multiple of 4 KB apart prefetched lines would be evicted
/// from L1 before they are read.
/// </remarks>
internal static unsafe class TransposeTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>sum + x[0] * r0 + x[1] * r1 + ..., in this order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Chain(T* x, TVec sum, TVec r0, TVec r1, TVec r2, TVec r3, TVec r4, TVec r5, TVec r6, TVec r7,
        TVec r8, TVec r9, TVec r10, TVec r11, TVec r12, TVec r13, TVec r14, TVec r15)
    {
        Elements<TVec> e = default;
        TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 0, TVec.Count), 0, r0);
        TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 1, TVec.Count), 1, r1);
        TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 2, TVec.Count), 2, r2);
        TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 3, TVec.Count), 3, r3);

        if (TVec.Count > 4)
        {
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 4, TVec.Count), 4, r4);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 5, TVec.Count), 5, r5);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 6, TVec.Count), 6, r6);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 7, TVec.Count), 7, r7);
        }

        if (TVec.Count > 8)
        {
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 8, TVec.Count), 8, r8);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 9, TVec.Count), 9, r9);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 10, TVec.Count), 10, r10);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 11, TVec.Count), 11, r11);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 12, TVec.Count), 12, r12);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 13, TVec.Count), 13, r13);
            TVec.Accumulate(ref sum, e = TVec.LoadElement(e, x, 14, TVec.Count), 14, r14);
            TVec.Accumulate(ref sum, TVec.LoadElement(e, x, 15, TVec.Count), 15, r15);
        }

        return sum;
    }

    /// <summary>
    /// Consecutive whole blocks, whose columns are stored, or multiplied by <typeparamref name="TSums"/> rows of x and added up;
    /// a single block may be transposed in place. Where there are fewer than W rows, the last one is read again for the missing
    /// ones.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TSums>(T* source, nint stride, int rows, int blocks, T* target, nint ld, T* x, nint ldx)
        where TSums : struct, IConstant
    {
        int w = TVec.Count;
        TVec sum0 = default, sum1 = default;
        if (TSums.Value > 0) sum0 = TVec.Load(target);
        if (TSums.Value > 1) sum1 = TVec.Load(target + w);
        TVec r4 = default, r5 = default, r6 = default, r7 = default, r8 = default, r9 = default;
        TVec r10 = default, r11 = default, r12 = default, r13 = default, r14 = default, r15 = default;
        for (; blocks > 0; blocks--, source += w)
        {
            T* row = source;
            TVec r0 = TVec.Load(row);
            if (rows > 1) row += stride;
            TVec r1 = TVec.Load(row);
            if (rows > 2) row += stride;
            TVec r2 = TVec.Load(row);
            if (rows > 3) row += stride;
            TVec r3 = TVec.Load(row);

            if (TVec.Count > 4)
            {
                if (rows > 4) row += stride;
                r4 = TVec.Load(row);
                if (rows > 5) row += stride;
                r5 = TVec.Load(row);
                if (rows > 6) row += stride;
                r6 = TVec.Load(row);
                if (rows > 7) row += stride;
                r7 = TVec.Load(row);
            }

            if (TVec.Count > 8)
            {
                if (rows > 8) row += stride;
                r8 = TVec.Load(row);
                if (rows > 9) row += stride;
                r9 = TVec.Load(row);
                if (rows > 10) row += stride;
                r10 = TVec.Load(row);
                if (rows > 11) row += stride;
                r11 = TVec.Load(row);
                if (rows > 12) row += stride;
                r12 = TVec.Load(row);
                if (rows > 13) row += stride;
                r13 = TVec.Load(row);
                if (rows > 14) row += stride;
                r14 = TVec.Load(row);
                if (rows > 15) row += stride;
                r15 = TVec.Load(row);
            }

            (r0, r2) = TVec.Exchange(r0, r2, 2);
            (r1, r3) = TVec.Exchange(r1, r3, 2);
            (r0, r1) = TVec.Exchange(r0, r1, 1);
            (r2, r3) = TVec.Exchange(r2, r3, 1);
            if (TVec.Count > 4)
            {
                (r4, r6) = TVec.Exchange(r4, r6, 2);
                (r5, r7) = TVec.Exchange(r5, r7, 2);
                (r4, r5) = TVec.Exchange(r4, r5, 1);
                (r6, r7) = TVec.Exchange(r6, r7, 1);
                (r0, r4) = TVec.Exchange(r0, r4, 4);
                (r1, r5) = TVec.Exchange(r1, r5, 4);
                (r2, r6) = TVec.Exchange(r2, r6, 4);
                (r3, r7) = TVec.Exchange(r3, r7, 4);
            }

            if (TVec.Count > 8)
            {
                (r8, r10) = TVec.Exchange(r8, r10, 2);
                (r9, r11) = TVec.Exchange(r9, r11, 2);
                (r12, r14) = TVec.Exchange(r12, r14, 2);
                (r13, r15) = TVec.Exchange(r13, r15, 2);
                (r8, r9) = TVec.Exchange(r8, r9, 1);
                (r10, r11) = TVec.Exchange(r10, r11, 1);
                (r12, r13) = TVec.Exchange(r12, r13, 1);
                (r14, r15) = TVec.Exchange(r14, r15, 1);
                (r8, r12) = TVec.Exchange(r8, r12, 4);
                (r9, r13) = TVec.Exchange(r9, r13, 4);
                (r10, r14) = TVec.Exchange(r10, r14, 4);
                (r11, r15) = TVec.Exchange(r11, r15, 4);
                (r0, r8) = TVec.Exchange(r0, r8, 8);
                (r1, r9) = TVec.Exchange(r1, r9, 8);
                (r2, r10) = TVec.Exchange(r2, r10, 8);
                (r3, r11) = TVec.Exchange(r3, r11, 8);
                (r4, r12) = TVec.Exchange(r4, r12, 8);
                (r5, r13) = TVec.Exchange(r5, r13, 8);
                (r6, r14) = TVec.Exchange(r6, r14, 8);
                (r7, r15) = TVec.Exchange(r7, r15, 8);
            }

            if (TSums.Value > 0)
            {
                sum0 = Chain(x, sum0, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15);
                if (TSums.Value > 1)
                    sum1 = Chain(x + ldx, sum1, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15);
                x += w;
                continue;
            }

            TVec.Store(target, r0);
            target += ld;
            TVec.Store(target, r1);
            target += ld;
            TVec.Store(target, r2);
            target += ld;
            TVec.Store(target, r3);
            target += ld;

            if (TVec.Count > 4)
            {
                TVec.Store(target, r4);
                target += ld;
                TVec.Store(target, r5);
                target += ld;
                TVec.Store(target, r6);
                target += ld;
                TVec.Store(target, r7);
                target += ld;
            }

            if (TVec.Count > 8)
            {
                TVec.Store(target, r8);
                target += ld;
                TVec.Store(target, r9);
                target += ld;
                TVec.Store(target, r10);
                target += ld;
                TVec.Store(target, r11);
                target += ld;
                TVec.Store(target, r12);
                target += ld;
                TVec.Store(target, r13);
                target += ld;
                TVec.Store(target, r14);
                target += ld;
                TVec.Store(target, r15);
                target += ld;
            }
        }

        if (TSums.Value > 0) TVec.Store(target, sum0);
        if (TSums.Value > 1) TVec.Store(target + w, sum1);
    }
}
