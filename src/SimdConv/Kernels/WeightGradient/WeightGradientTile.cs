namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of the weight gradient: C[Rows x Vectors*W] = start + sum over positions of x[row, position] * dY[position].
/// </summary>
/// <remarks>
/// Register map: c{row}_{vector} hold the tile of C (a row is a tap (c, r, s), the lanes are output channels), b0..b2 one
/// position of dY, a0..a7 the addresses that each row's tap reads in x at position 0: x isn't packed, each element is broadcast
/// to all lanes. dY is laid out by position, ld elements from one to the next. 8 rows are what general registers allow for; they
/// make 24 chains of 32 registers (8x3), 12 of 16 (6x2).
/// </remarks>
internal static unsafe class WeightGradientTile<TVec, T, TRows, TVectors>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in WeightGradientOperands<T> operands)
    {
        T* strip = operands.Strip, dy = operands.Dy, start = operands.Start, c = operands.C;
        int* offsets = operands.Offsets;
        int height = operands.Height, width = operands.Width;
        nint pitch = operands.Pitch, ld = operands.LdDy, ldstart = operands.LdStart, ldc = operands.Ldc;
        int w = TVec.Count;
        T* a0 = strip + offsets[0];
        T* a1 = TRows.Value > 1 ? strip + offsets[1] : null;
        T* a2 = TRows.Value > 2 ? strip + offsets[2] : null;
        T* a3 = TRows.Value > 3 ? strip + offsets[3] : null;
        T* a4 = TRows.Value > 4 ? strip + offsets[4] : null;
        T* a5 = TRows.Value > 5 ? strip + offsets[5] : null;
        T* a6 = TRows.Value > 6 ? strip + offsets[6] : null;
        T* a7 = TRows.Value > 7 ? strip + offsets[7] : null;
        TVec c0_0 = default, c0_1 = default, c0_2 = default;
        TVec c1_0 = default, c1_1 = default, c1_2 = default;
        TVec c2_0 = default, c2_1 = default, c2_2 = default;
        TVec c3_0 = default, c3_1 = default, c3_2 = default;
        TVec c4_0 = default, c4_1 = default, c4_2 = default;
        TVec c5_0 = default, c5_1 = default, c5_2 = default;
        TVec c6_0 = default, c6_1 = default, c6_2 = default;
        TVec c7_0 = default, c7_1 = default, c7_2 = default;
        T* row = start;
        if (TVectors.Value > 2) c0_2 = TVec.Load(row + (2 * w));
        if (TVectors.Value > 1) c0_1 = TVec.Load(row + w);
        c0_0 = TVec.Load(row);
        row += ldstart;
        if (TRows.Value > 1 && TVectors.Value > 2) c1_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 1 && TVectors.Value > 1) c1_1 = TVec.Load(row + w);
        if (TRows.Value > 1) { c1_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 2 && TVectors.Value > 2) c2_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 2 && TVectors.Value > 1) c2_1 = TVec.Load(row + w);
        if (TRows.Value > 2) { c2_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 3 && TVectors.Value > 2) c3_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 3 && TVectors.Value > 1) c3_1 = TVec.Load(row + w);
        if (TRows.Value > 3) { c3_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 4 && TVectors.Value > 2) c4_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 4 && TVectors.Value > 1) c4_1 = TVec.Load(row + w);
        if (TRows.Value > 4) { c4_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 5 && TVectors.Value > 2) c5_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 5 && TVectors.Value > 1) c5_1 = TVec.Load(row + w);
        if (TRows.Value > 5) { c5_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 6 && TVectors.Value > 2) c6_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 6 && TVectors.Value > 1) c6_1 = TVec.Load(row + w);
        if (TRows.Value > 6) { c6_0 = TVec.Load(row); row += ldstart; }
        if (TRows.Value > 7 && TVectors.Value > 2) c7_2 = TVec.Load(row + (2 * w));
        if (TRows.Value > 7 && TVectors.Value > 1) c7_1 = TVec.Load(row + w);
        if (TRows.Value > 7) { c7_0 = TVec.Load(row); row += ldstart; }

        for (nint first = 0; height > 0; height--, first += pitch)
        {
            for (nint i = first; i < first + width; i++, dy += ld)
            {
                TVec b0 = TVec.Load(dy), b1 = default, b2 = default;
                Elements<TVec> x = TVec.LoadElement(default, a0 + i, 0, 1);
                if (TVectors.Value > 1) b1 = TVec.Load(dy + w);
                if (TVectors.Value > 2) b2 = TVec.Load(dy + (2 * w));
                TVec.Accumulate(ref c0_0, x, 0, b0);
                if (TVectors.Value > 1) TVec.Accumulate(ref c0_1, x, 0, b1);
                if (TVectors.Value > 2) TVec.Accumulate(ref c0_2, x, 0, b2);
                if (TRows.Value > 1) { x = TVec.LoadElement(default, a1 + i, 0, 1); TVec.Accumulate(ref c1_0, x, 0, b0); }
                if (TRows.Value > 1 && TVectors.Value > 1) TVec.Accumulate(ref c1_1, x, 0, b1);
                if (TRows.Value > 1 && TVectors.Value > 2) TVec.Accumulate(ref c1_2, x, 0, b2);
                if (TRows.Value > 2) { x = TVec.LoadElement(default, a2 + i, 0, 1); TVec.Accumulate(ref c2_0, x, 0, b0); }
                if (TRows.Value > 2 && TVectors.Value > 1) TVec.Accumulate(ref c2_1, x, 0, b1);
                if (TRows.Value > 2 && TVectors.Value > 2) TVec.Accumulate(ref c2_2, x, 0, b2);
                if (TRows.Value > 3) { x = TVec.LoadElement(default, a3 + i, 0, 1); TVec.Accumulate(ref c3_0, x, 0, b0); }
                if (TRows.Value > 3 && TVectors.Value > 1) TVec.Accumulate(ref c3_1, x, 0, b1);
                if (TRows.Value > 3 && TVectors.Value > 2) TVec.Accumulate(ref c3_2, x, 0, b2);
                if (TRows.Value > 4) { x = TVec.LoadElement(default, a4 + i, 0, 1); TVec.Accumulate(ref c4_0, x, 0, b0); }
                if (TRows.Value > 4 && TVectors.Value > 1) TVec.Accumulate(ref c4_1, x, 0, b1);
                if (TRows.Value > 4 && TVectors.Value > 2) TVec.Accumulate(ref c4_2, x, 0, b2);
                if (TRows.Value > 5) { x = TVec.LoadElement(default, a5 + i, 0, 1); TVec.Accumulate(ref c5_0, x, 0, b0); }
                if (TRows.Value > 5 && TVectors.Value > 1) TVec.Accumulate(ref c5_1, x, 0, b1);
                if (TRows.Value > 5 && TVectors.Value > 2) TVec.Accumulate(ref c5_2, x, 0, b2);
                if (TRows.Value > 6) { x = TVec.LoadElement(default, a6 + i, 0, 1); TVec.Accumulate(ref c6_0, x, 0, b0); }
                if (TRows.Value > 6 && TVectors.Value > 1) TVec.Accumulate(ref c6_1, x, 0, b1);
                if (TRows.Value > 6 && TVectors.Value > 2) TVec.Accumulate(ref c6_2, x, 0, b2);
                if (TRows.Value > 7) { x = TVec.LoadElement(default, a7 + i, 0, 1); TVec.Accumulate(ref c7_0, x, 0, b0); }
                if (TRows.Value > 7 && TVectors.Value > 1) TVec.Accumulate(ref c7_1, x, 0, b1);
                if (TRows.Value > 7 && TVectors.Value > 2) TVec.Accumulate(ref c7_2, x, 0, b2);
            }
        }

        if (TVectors.Value > 2) TVec.Store(c + (2 * w), c0_2);
        if (TVectors.Value > 1) TVec.Store(c + w, c0_1);
        TVec.Store(c, c0_0);
        c += ldc;
        if (TRows.Value > 1 && TVectors.Value > 2) TVec.Store(c + (2 * w), c1_2);
        if (TRows.Value > 1 && TVectors.Value > 1) TVec.Store(c + w, c1_1);
        if (TRows.Value > 1) { TVec.Store(c, c1_0); c += ldc; }
        if (TRows.Value > 2 && TVectors.Value > 2) TVec.Store(c + (2 * w), c2_2);
        if (TRows.Value > 2 && TVectors.Value > 1) TVec.Store(c + w, c2_1);
        if (TRows.Value > 2) { TVec.Store(c, c2_0); c += ldc; }
        if (TRows.Value > 3 && TVectors.Value > 2) TVec.Store(c + (2 * w), c3_2);
        if (TRows.Value > 3 && TVectors.Value > 1) TVec.Store(c + w, c3_1);
        if (TRows.Value > 3) { TVec.Store(c, c3_0); c += ldc; }
        if (TRows.Value > 4 && TVectors.Value > 2) TVec.Store(c + (2 * w), c4_2);
        if (TRows.Value > 4 && TVectors.Value > 1) TVec.Store(c + w, c4_1);
        if (TRows.Value > 4) { TVec.Store(c, c4_0); c += ldc; }
        if (TRows.Value > 5 && TVectors.Value > 2) TVec.Store(c + (2 * w), c5_2);
        if (TRows.Value > 5 && TVectors.Value > 1) TVec.Store(c + w, c5_1);
        if (TRows.Value > 5) { TVec.Store(c, c5_0); c += ldc; }
        if (TRows.Value > 6 && TVectors.Value > 2) TVec.Store(c + (2 * w), c6_2);
        if (TRows.Value > 6 && TVectors.Value > 1) TVec.Store(c + w, c6_1);
        if (TRows.Value > 6) { TVec.Store(c, c6_0); c += ldc; }
        if (TRows.Value > 7 && TVectors.Value > 2) TVec.Store(c + (2 * w), c7_2);
        if (TRows.Value > 7 && TVectors.Value > 1) TVec.Store(c + w, c7_1);
        if (TRows.Value > 7) { TVec.Store(c, c7_0); c += ldc; }
    }
}
