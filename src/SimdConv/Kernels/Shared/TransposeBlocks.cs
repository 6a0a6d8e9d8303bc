using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>
/// Transposes in registers: W rows of W elements become W columns, by log2(W) rounds of shuffles. Where the rows are contiguous this is
/// what turns them into the lanes of a tile: 16x16 floats take 64 shuffles, a quarter of one an element.
/// </summary>
/// <remarks>
/// A round changes places of two registers' elements so that one bit of an element's place in its register becomes one of the
/// register's number (<see cref="ILanes{TSelf, T}.Exchange"/>). Within and between the 128-bit lanes these are single instructions with
/// two sources: perfect shuffles of whole registers take twice as long on Zen 4. Rows are read as they come: the processor follows
/// sixteen of them, and where they are a multiple of 4 KB apart what is fetched ahead is lost from L1 before it is read.
/// </remarks>
internal static unsafe class TransposeBlocks<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>target[k * ld + i] = scale * source[i * stride + k] for i below rows (at most W) and k below terms.</summary>
    /// <remarks>Whole registers are stored as long as they end at or before <paramref name="end"/>: where rows is below W, what lies
    /// behind column k's rows is written too, so columns must be written in ascending order; unless <paramref name="exact"/>.</remarks>
    [SkipLocalsInit]
    public static void Run(T* source, nint stride, int rows, int terms, T scale, T* target, nint ld, T* end, bool exact = false)
    {
        int w = TVec.Count, k = 0;
        if (w is not (4 or 8 or 16))
        {
            for (; k < terms; k++)
            {
                for (int i = 0; i < rows; i++)
                    target[(k * ld) + i] = scale * source[(i * stride) + k];
            }

            return;
        }

        // Blocks whose columns are all stored as whole registers.
        int blocks = exact && rows < w ? 0 : terms / w;
        while (blocks > 0 && target + (((blocks * w) - 1) * ld) + w > end)
            blocks--;
        if (blocks > 0)
            Blocks<N0>(source, stride, rows, blocks, scale, target, ld, null);

        // The others by way of a block of their own.
        T* block = stackalloc T[w * w];
        for (k = blocks * w; k < terms; k += w)
        {
            int count = Math.Min(w, terms - k);
            if (count < w)
            {
                for (int i = 0; i < rows; i++)
                    TVec.Store(block + (i * w), TVec.LoadPartial(source + k + (i * stride), count));
                Blocks<N0>(block, w, rows, 1, scale, block, w, null);
            }
            else
            {
                Blocks<N0>(source + k, stride, rows, 1, scale, block, w, null);
            }

            for (int i = 0; i < count; i++)
            {
                T* column = target + ((k + i) * ld);
                TVec value = TVec.Load(block + (i * w));
                if (exact ? rows == w : column + w <= end)
                    TVec.Store(column, value);
                else
                    TVec.StorePartial(column, value, (int)Math.Min(rows, end - column));
            }
        }
    }

    /// <summary>sums[i] += source[i * stride + k] * x[k] for i below rows (at most W), one chain of ascending k each; sums is a whole register.</summary>
    [SkipLocalsInit]
    public static void Dots(T* source, nint stride, int rows, int terms, T* x, T* sums)
    {
        int w = TVec.Count, blocks = terms / w, rest = terms % w;
        Blocks<N1>(source, stride, rows, blocks, T.One, sums, 0, x);
        if (rest == 0)
            return;

        // The last terms with zeros behind them.
        T* block = stackalloc T[(w + 1) * w], last = block + (w * w);
        TVec.Store(last, TVec.LoadPartial(x + (blocks * w), rest));
        for (int i = 0; i < rows; i++)
            TVec.Store(block + (i * w), TVec.LoadPartial(source + (i * stride) + (blocks * w), rest));
        Blocks<N1>(block, w, rows, 1, T.One, sums, 0, last);
    }

    /// <summary>Whole blocks behind each other; those of one may be transposed in place. The last row stands for all that are missing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blocks<TSums>(T* source, nint stride, int rows, int blocks, T scale, T* target, nint ld, T* x)
        where TSums : struct, IConstant
    {
        TVec sum = TSums.Value > 0 ? TVec.Load(target) : default;
        TVec factor = TVec.Broadcast(scale);
        bool isScaled = scale != T.One;
        TVec r4 = default, r5 = default, r6 = default, r7 = default, r8 = default, r9 = default;
        TVec r10 = default, r11 = default, r12 = default, r13 = default, r14 = default, r15 = default;
        for (; blocks > 0; blocks--, source += TVec.Count)
        {
            T* row = source;
            TVec r0 = TVec.Load(row);
            if (rows > 1) row += stride;
            TVec r1 = TVec.Load(row);
            if (rows > 2) row += stride;
            TVec r2 = TVec.Load(row);
            if (rows > 3) row += stride;
            TVec r3 = TVec.Load(row);
            if (TVec.Count > 4 && rows > 4) row += stride;
            if (TVec.Count > 4) r4 = TVec.Load(row);
            if (TVec.Count > 4 && rows > 5) row += stride;
            if (TVec.Count > 4) r5 = TVec.Load(row);
            if (TVec.Count > 4 && rows > 6) row += stride;
            if (TVec.Count > 4) r6 = TVec.Load(row);
            if (TVec.Count > 4 && rows > 7) row += stride;
            if (TVec.Count > 4) r7 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 8) row += stride;
            if (TVec.Count > 8) r8 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 9) row += stride;
            if (TVec.Count > 8) r9 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 10) row += stride;
            if (TVec.Count > 8) r10 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 11) row += stride;
            if (TVec.Count > 8) r11 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 12) row += stride;
            if (TVec.Count > 8) r12 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 13) row += stride;
            if (TVec.Count > 8) r13 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 14) row += stride;
            if (TVec.Count > 8) r14 = TVec.Load(row);
            if (TVec.Count > 8 && rows > 15) row += stride;
            if (TVec.Count > 8) r15 = TVec.Load(row);
            (r0, r2) = TVec.Exchange(r0, r2, 2);
            (r1, r3) = TVec.Exchange(r1, r3, 2);
            if (TVec.Count > 4) (r4, r6) = TVec.Exchange(r4, r6, 2);
            if (TVec.Count > 4) (r5, r7) = TVec.Exchange(r5, r7, 2);
            if (TVec.Count > 8) (r8, r10) = TVec.Exchange(r8, r10, 2);
            if (TVec.Count > 8) (r9, r11) = TVec.Exchange(r9, r11, 2);
            if (TVec.Count > 8) (r12, r14) = TVec.Exchange(r12, r14, 2);
            if (TVec.Count > 8) (r13, r15) = TVec.Exchange(r13, r15, 2);

            (r0, r1) = TVec.Exchange(r0, r1, 1);
            (r2, r3) = TVec.Exchange(r2, r3, 1);
            if (TVec.Count > 4) (r4, r5) = TVec.Exchange(r4, r5, 1);
            if (TVec.Count > 4) (r6, r7) = TVec.Exchange(r6, r7, 1);
            if (TVec.Count > 8) (r8, r9) = TVec.Exchange(r8, r9, 1);
            if (TVec.Count > 8) (r10, r11) = TVec.Exchange(r10, r11, 1);
            if (TVec.Count > 8) (r12, r13) = TVec.Exchange(r12, r13, 1);
            if (TVec.Count > 8) (r14, r15) = TVec.Exchange(r14, r15, 1);

            if (TVec.Count > 4)
            {
                (r0, r4) = TVec.Exchange(r0, r4, 4);
                (r1, r5) = TVec.Exchange(r1, r5, 4);
                (r2, r6) = TVec.Exchange(r2, r6, 4);
                (r3, r7) = TVec.Exchange(r3, r7, 4);
                if (TVec.Count > 8) (r8, r12) = TVec.Exchange(r8, r12, 4);
                if (TVec.Count > 8) (r9, r13) = TVec.Exchange(r9, r13, 4);
                if (TVec.Count > 8) (r10, r14) = TVec.Exchange(r10, r14, 4);
                if (TVec.Count > 8) (r11, r15) = TVec.Exchange(r11, r15, 4);
            }

            if (TVec.Count > 8)
            {
                (r0, r8) = TVec.Exchange(r0, r8, 8);
                (r1, r9) = TVec.Exchange(r1, r9, 8);
                (r2, r10) = TVec.Exchange(r2, r10, 8);
                (r3, r11) = TVec.Exchange(r3, r11, 8);
                (r4, r12) = TVec.Exchange(r4, r12, 8);
                (r5, r13) = TVec.Exchange(r5, r13, 8);
                (r6, r14) = TVec.Exchange(r6, r14, 8);
                (r7, r15) = TVec.Exchange(r7, r15, 8);
            }

            if (isScaled)
            {
                r0 = TVec.Multiply(factor, r0);
                r1 = TVec.Multiply(factor, r1);
                r2 = TVec.Multiply(factor, r2);
                r3 = TVec.Multiply(factor, r3);
                if (TVec.Count > 4) r4 = TVec.Multiply(factor, r4);
                if (TVec.Count > 4) r5 = TVec.Multiply(factor, r5);
                if (TVec.Count > 4) r6 = TVec.Multiply(factor, r6);
                if (TVec.Count > 4) r7 = TVec.Multiply(factor, r7);
                if (TVec.Count > 8) r8 = TVec.Multiply(factor, r8);
                if (TVec.Count > 8) r9 = TVec.Multiply(factor, r9);
                if (TVec.Count > 8) r10 = TVec.Multiply(factor, r10);
                if (TVec.Count > 8) r11 = TVec.Multiply(factor, r11);
                if (TVec.Count > 8) r12 = TVec.Multiply(factor, r12);
                if (TVec.Count > 8) r13 = TVec.Multiply(factor, r13);
                if (TVec.Count > 8) r14 = TVec.Multiply(factor, r14);
                if (TVec.Count > 8) r15 = TVec.Multiply(factor, r15);
            }

            if (TSums.Value > 0)
            {
                sum = TVec.MulAdd(TVec.Broadcast(x[0]), r0, sum);
                sum = TVec.MulAdd(TVec.Broadcast(x[1]), r1, sum);
                sum = TVec.MulAdd(TVec.Broadcast(x[2]), r2, sum);
                sum = TVec.MulAdd(TVec.Broadcast(x[3]), r3, sum);
                if (TVec.Count > 4) sum = TVec.MulAdd(TVec.Broadcast(x[4]), r4, sum);
                if (TVec.Count > 4) sum = TVec.MulAdd(TVec.Broadcast(x[5]), r5, sum);
                if (TVec.Count > 4) sum = TVec.MulAdd(TVec.Broadcast(x[6]), r6, sum);
                if (TVec.Count > 4) sum = TVec.MulAdd(TVec.Broadcast(x[7]), r7, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[8]), r8, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[9]), r9, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[10]), r10, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[11]), r11, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[12]), r12, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[13]), r13, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[14]), r14, sum);
                if (TVec.Count > 8) sum = TVec.MulAdd(TVec.Broadcast(x[15]), r15, sum);
                x += TVec.Count;
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
            if (TVec.Count > 4) { TVec.Store(target, r4); target += ld; }
            if (TVec.Count > 4) { TVec.Store(target, r5); target += ld; }
            if (TVec.Count > 4) { TVec.Store(target, r6); target += ld; }
            if (TVec.Count > 4) { TVec.Store(target, r7); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r8); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r9); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r10); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r11); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r12); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r13); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r14); target += ld; }
            if (TVec.Count > 8) { TVec.Store(target, r15); target += ld; }
        }

        if (TSums.Value > 0)
            TVec.Store(target, sum);
    }
}
