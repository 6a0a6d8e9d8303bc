namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of the depthwise weight gradient: lanes are columns, and each lane of sums[tap] is a chain over the rows of a
/// column.
/// </summary>
/// <remarks>
/// Register map, 3x3: c00..c22 the sums of the taps; y0, y1, y2 the rows of dY that a source row meets (stride 1), or s0, s1, s2
/// the source row that two rows of dY meet (stride 2); x one register of the source: 13 or 14 in all. 4 loads for 9 multiply-adds
/// at stride 1, 7 at stride 2. Other kernels take four taps at a time.
/// </remarks>
internal static unsafe class DepthwiseWeightGradientTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(in DepthwiseWeightGradientColumn<T> column)
    {
        if (column.Shared == 1)
            Run3x3<N1>(in column);
        else if (column.Shared == 2)
            Run3x3<N2>(in column);
        else
            RunAny(in column);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run3x3<TShared>(in DepthwiseWeightGradientColumn<T> column)
        where TShared : struct, IConstant
    {
        nint pitch = column.Pitch, ld = column.NextRow, next = column.NextTap;
        int rows = column.Rows, whole = column.WholeRows, count = column.Count;
        int* offsets = column.Offsets;
        for (nint plane = 0; plane < column.Planes; plane++)
        {
            T* sums = column.Sums + (plane * column.NextSums), dy = column.DY + (plane * column.NextDY),
                strip = column.Strip + (plane * column.NextStrip);
            T* p0 = strip + offsets[0], p1 = strip + offsets[1], p2 = strip + offsets[2];
            T* m0 = strip + offsets[3], m1 = strip + offsets[4], m2 = strip + offsets[5];
            TVec c00 = TVec.Load(sums), c01 = TVec.Load(sums + next), c02 = TVec.Load(sums + (2 * next));
            TVec c10 = TVec.Load(sums + (3 * next)), c11 = TVec.Load(sums + (4 * next)), c12 = TVec.Load(sums + (5 * next));
            TVec c20 = TVec.Load(sums + (6 * next)), c21 = TVec.Load(sums + (7 * next)), c22 = TVec.Load(sums + (8 * next));
            if (TShared.Value == 1)
            {
                // Row i of the source is tap row 0 of dY's row i, 1 of the one above, 2 of the one above that.
                TVec y0 = default, y1 = default, y2 = default;
                for (int i = 0; i < rows + 2; i++)
                {
                    TVec x0 = TVec.Load(p0), x1 = TVec.Load(p1), x2 = TVec.Load(p2);
                    if (i < rows)
                    {
                        y0 = i < whole ? TVec.Load(dy) : TVec.LoadPartial(dy, count);
                        c00 = TVec.MulAdd(x0, y0, c00);
                        c01 = TVec.MulAdd(x1, y0, c01);
                        c02 = TVec.MulAdd(x2, y0, c02);
                    }

                    if (i > 0 && i <= rows)
                    {
                        c10 = TVec.MulAdd(x0, y1, c10);
                        c11 = TVec.MulAdd(x1, y1, c11);
                        c12 = TVec.MulAdd(x2, y1, c12);
                    }

                    if (i > 1)
                    {
                        c20 = TVec.MulAdd(x0, y2, c20);
                        c21 = TVec.MulAdd(x1, y2, c21);
                        c22 = TVec.MulAdd(x2, y2, c22);
                    }

                    (y2, y1) = (y1, y0);
                    p0 += pitch;
                    p1 += pitch;
                    p2 += pitch;
                    dy += ld;
                }
            }
            else
            {
                TVec s0 = TVec.Load(p0), s1 = TVec.Load(p1), s2 = TVec.Load(p2);
                for (int i = 0; i < rows; i++)
                {
                    TVec y = i < whole ? TVec.Load(dy) : TVec.LoadPartial(dy, count);
                    c00 = TVec.MulAdd(s0, y, c00);
                    c01 = TVec.MulAdd(s1, y, c01);
                    c02 = TVec.MulAdd(s2, y, c02);
                    c10 = TVec.MulAdd(TVec.Load(m0), y, c10);
                    c11 = TVec.MulAdd(TVec.Load(m1), y, c11);
                    c12 = TVec.MulAdd(TVec.Load(m2), y, c12);
                    p0 += pitch;
                    p1 += pitch;
                    p2 += pitch;
                    s0 = TVec.Load(p0);
                    s1 = TVec.Load(p1);
                    s2 = TVec.Load(p2);
                    c20 = TVec.MulAdd(s0, y, c20);
                    c21 = TVec.MulAdd(s1, y, c21);
                    c22 = TVec.MulAdd(s2, y, c22);
                    m0 += pitch;
                    m1 += pitch;
                    m2 += pitch;
                    dy += ld;
                }
            }

            TVec.Store(sums, c00);
            TVec.Store(sums + next, c01);
            TVec.Store(sums + (2 * next), c02);
            TVec.Store(sums + (3 * next), c10);
            TVec.Store(sums + (4 * next), c11);
            TVec.Store(sums + (5 * next), c12);
            TVec.Store(sums + (6 * next), c20);
            TVec.Store(sums + (7 * next), c21);
            TVec.Store(sums + (8 * next), c22);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RunAny(in DepthwiseWeightGradientColumn<T> column)
    {
        nint pitch = column.Pitch, ld = column.NextRow, next = column.NextTap;
        int taps = column.Taps, rows = column.Rows, whole = column.WholeRows, count = column.Count;
        for (nint plane = 0; plane < column.Planes; plane++)
        {
            T* strip = column.Strip + (plane * column.NextStrip);
            for (int k = 0; k < taps; k += 4)
            {
                // Behind the last tap the last one is summed again, and stored once.
                int last = Math.Min(3, taps - 1 - k);
                int* offsets = column.Offsets + k;
                T* x0 = strip + offsets[0], x1 = strip + offsets[Math.Min(1, last)];
                T* x2 = strip + offsets[Math.Min(2, last)], x3 = strip + offsets[last];
                T* sums = column.Sums + (plane * column.NextSums) + (k * next), dy = column.DY + (plane * column.NextDY);
                TVec c0 = TVec.Load(sums), c1 = TVec.Load(sums + (Math.Min(1, last) * next));
                TVec c2 = TVec.Load(sums + (Math.Min(2, last) * next)), c3 = TVec.Load(sums + (last * next));
                for (int i = 0; i < rows; i++)
                {
                    TVec y = i < whole ? TVec.Load(dy) : TVec.LoadPartial(dy, count);
                    c0 = TVec.MulAdd(TVec.Load(x0), y, c0);
                    c1 = TVec.MulAdd(TVec.Load(x1), y, c1);
                    c2 = TVec.MulAdd(TVec.Load(x2), y, c2);
                    c3 = TVec.MulAdd(TVec.Load(x3), y, c3);
                    x0 += pitch;
                    x1 += pitch;
                    x2 += pitch;
                    x3 += pitch;
                    dy += ld;
                }

                TVec.Store(sums, c0);
                TVec.Store(sums + (Math.Min(1, last) * next), c1);
                TVec.Store(sums + (Math.Min(2, last) * next), c2);
                TVec.Store(sums + (last * next), c3);
            }
        }
    }
}
