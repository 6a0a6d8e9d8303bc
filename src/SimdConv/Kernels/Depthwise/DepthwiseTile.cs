namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of depthwise convolution: one register of columns, all rows of a strip, each output one chain over the taps.
/// </summary>
/// <remarks>
/// Register map, 3x3: w00..w22 the taps, broadcast; a, b, c the outputs that the current source row takes part in; x one register
/// of it: 14 in all, so that 16 suffice. A source row is loaded once for each tap column and serves all outputs that see it: 3
/// loads an output at stride 1 (9 multiply-adds), 6 at stride 2. Out of L1 on Zen 4 the rows of a strip run at 80 % of the FMA
/// peak; four output rows at once, without reusing a source row in registers, load half as much again and were slower. Any other
/// kernel: eight or four rows at once, each tap broadcast from memory.
/// </remarks>
internal static unsafe class DepthwiseTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How many elements a row prefetches: as many as the tile reads for the first time in a full register.</summary>
    public static int Fetched(int shared) => shared * shared * Prefetch.LineBytes / sizeof(T);

    public static void Run(in DepthwiseColumn<T> column)
    {
        switch (column.Shared, column.GoOn)
        {
            case (1, false): Run3x3<N1, N0>(in column); break;
            case (1, true): Run3x3<N1, N1>(in column); break;
            case (2, false): Run3x3<N2, N0>(in column); break;
            case (2, true): Run3x3<N2, N1>(in column); break;
            default: RunAny(in column); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run3x3<TShared, TGoOn>(in DepthwiseColumn<T> column)
        where TShared : struct, IConstant
        where TGoOn : struct, IConstant
    {
        nint pitch = column.Pitch, ld = column.NextRow;
        int rows = column.Rows, whole = column.WholeRows, count = column.Count;
        bool goOn = TGoOn.Value == 1;
        int* offsets = column.Offsets;
        T* fetch = column.Fetch;
        nint o0 = offsets[0], o1 = offsets[1], o2 = offsets[2], o3 = offsets[3], o4 = offsets[4], o5 = offsets[5];
        for (nint plane = 0; plane < column.Planes; plane++)
        {
            T* w = column.Weights + (plane * column.NextWeights), target = column.Target + (plane * column.NextTarget),
                strip = column.Strip + (plane * column.NextStrip);
            TVec w00 = TVec.Broadcast(w[0]), w01 = TVec.Broadcast(w[1]), w02 = TVec.Broadcast(w[2]);
            TVec w10 = TVec.Broadcast(w[3]), w11 = TVec.Broadcast(w[4]), w12 = TVec.Broadcast(w[5]);
            TVec w20 = TVec.Broadcast(w[6]), w21 = TVec.Broadcast(w[7]), w22 = TVec.Broadcast(w[8]);
            TVec bias = column.Bias == null ? default : TVec.Broadcast(column.Bias[plane * column.NextBias]), a, b = default, c,
                x;

            // p: source rows under the first row of taps, each of which starts an output; m: source rows under the middle one,
            // which only stride 2 reads separately.
            T* p0 = strip + o0, p1 = strip + o1, p2 = strip + o2;
            T* m0 = strip + o3, m1 = strip + o4, m2 = strip + o5;
            nint at = pitch, middle = 0;
            a = Three(goOn ? TVec.Load(target) : bias, p0, p1, p2, w00, w01, w02);
            if (TShared.Value == 1)
            {
                a = Three(a, p0 + at, p1 + at, p2 + at, w10, w11, w12);
                b = Three(goOn ? TVec.Load(target + ld) : bias, p0 + at, p1 + at, p2 + at, w00, w01, w02);
                at += pitch;
            }

            for (int i = 0; i < rows; i++, at += pitch)
            {
                if (TShared.Value == 2)
                {
                    a = Three(a, m0 + middle, m1 + middle, m2 + middle, w10, w11, w12);
                    middle += pitch;
                }

                if (fetch != null)
                {
                    Prefetch.LinesToL2(fetch, Fetched(TShared.Value));
                    fetch += Fetched(TShared.Value);
                }

                c = goOn ? TVec.Load(target + (TShared.Value == 1 ? 2 * ld : ld)) : bias;
                x = TVec.Load(p0 + at);
                a = TVec.MulAdd(x, w20, a);
                if (TShared.Value == 1) b = TVec.MulAdd(x, w10, b);
                c = TVec.MulAdd(x, w00, c);
                x = TVec.Load(p1 + at);
                a = TVec.MulAdd(x, w21, a);
                if (TShared.Value == 1) b = TVec.MulAdd(x, w11, b);
                c = TVec.MulAdd(x, w01, c);
                x = TVec.Load(p2 + at);
                a = TVec.MulAdd(x, w22, a);
                if (TShared.Value == 1) b = TVec.MulAdd(x, w12, b);
                c = TVec.MulAdd(x, w02, c);
                if (i < whole)
                    TVec.Store(target, a);
                else
                    TVec.StorePartial(target, a, count);
                target += ld;
                a = TShared.Value == 1 ? b : c;
                b = c;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Three(TVec sum, T* x0, T* x1, T* x2, TVec w0, TVec w1, TVec w2) =>
        TVec.MulAdd(TVec.Load(x2), w2, TVec.MulAdd(TVec.Load(x1), w1, TVec.MulAdd(TVec.Load(x0), w0, sum)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunAny(in DepthwiseColumn<T> column)
    {
        int* offsets = column.Offsets;
        nint pitch = column.Pitch, ld = column.NextRow;
        int taps = column.Taps, rows = column.Rows, whole = column.WholeRows, count = column.Count;
        bool goOn = column.GoOn;
        for (nint plane = 0; plane < column.Planes; plane++)
        {
            T* strip = column.Strip + (plane * column.NextStrip), weights = column.Weights + (plane * column.NextWeights),
                target = column.Target + (plane * column.NextTarget);
            TVec bias = column.Bias == null ? default : TVec.Broadcast(column.Bias[plane * column.NextBias]);
            int i = 0;
            while (rows - i >= 4 || (rows >= 4 && rows - i > 1 && !goOn))
            {
                // Two or three rows that are left over are computed along with rows before them once more.
                int back = Math.Max(0, i + 4 - rows);
                if (back == 0 && rows - i >= 8)
                {
                    RunRows<N8>(in column, strip, weights, target, bias, i);
                    i += 8;
                    strip += 8 * pitch;
                    target += 8 * ld;
                    continue;
                }

                i -= back;
                RunRows<N4>(in column, strip - (back * pitch), weights, target - (back * ld), bias, i);
                i += 4;
                strip += (4 - back) * pitch;
                target += (4 - back) * ld;
            }

            for (; i < rows; i++)
            {
                TVec a = goOn ? TVec.Load(target) : bias;
                for (int k = 0; k < taps; k++)
                    TVec.Accumulate(ref a, TVec.Load(strip + offsets[k]), weights + k);
                Store(target, a, i < whole, count);
                strip += pitch;
                target += ld;
            }
        }
    }

    /// <summary>
    /// Four or eight rows from row <paramref name="i"/> on: with a multiply-add of four cycles, eight chains are what keeps two
    /// units busy.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunRows<TRows>(in DepthwiseColumn<T> column, T* strip, T* weights, T* target, TVec bias, int i)
        where TRows : struct, IConstant
    {
        int* offsets = column.Offsets;
        nint pitch = column.Pitch, pitch3 = 3 * pitch, ld = column.NextRow;
        int taps = column.Taps, whole = column.WholeRows - i, count = column.Count;
        TVec a = bias, b = bias, c = bias, d = bias, e = bias, f = bias, g = bias, h = bias;
        if (column.GoOn)
        {
            a = TVec.Load(target);
            b = TVec.Load(target + ld);
            c = TVec.Load(target + (2 * ld));
            d = TVec.Load(target + (3 * ld));
            if (TRows.Value > 4) e = TVec.Load(target + (4 * ld));
            if (TRows.Value > 4) f = TVec.Load(target + (5 * ld));
            if (TRows.Value > 4) g = TVec.Load(target + (6 * ld));
            if (TRows.Value > 4) h = TVec.Load(target + (7 * ld));
        }

        for (int k = 0; k < taps; k++)
        {
            Elements<TVec> w = TVec.LoadElement(default, weights + k, 0, 1);
            T* x = strip + offsets[k], y = x + (4 * pitch);
            TVec.Accumulate(ref a, w, 0, TVec.Load(x));
            TVec.Accumulate(ref b, w, 0, TVec.Load(x + pitch));
            TVec.Accumulate(ref c, w, 0, TVec.Load(x + (2 * pitch)));
            TVec.Accumulate(ref d, w, 0, TVec.Load(x + pitch3));
            if (TRows.Value > 4) TVec.Accumulate(ref e, w, 0, TVec.Load(y));
            if (TRows.Value > 4) TVec.Accumulate(ref f, w, 0, TVec.Load(y + pitch));
            if (TRows.Value > 4) TVec.Accumulate(ref g, w, 0, TVec.Load(y + (2 * pitch)));
            if (TRows.Value > 4) TVec.Accumulate(ref h, w, 0, TVec.Load(y + pitch3));
        }

        Store(target, a, 0 < whole, count);
        Store(target + ld, b, 1 < whole, count);
        Store(target + (2 * ld), c, 2 < whole, count);
        Store(target + (3 * ld), d, 3 < whole, count);
        if (TRows.Value > 4)
        {
            Store(target + (4 * ld), e, 4 < whole, count);
            Store(target + (5 * ld), f, 5 < whole, count);
            Store(target + (6 * ld), g, 6 < whole, count);
            Store(target + (7 * ld), h, 7 < whole, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* target, TVec value, bool whole, int count)
    {
        if (whole)
            TVec.Store(target, value);
        else
            TVec.StorePartial(target, value, count);
    }
}
