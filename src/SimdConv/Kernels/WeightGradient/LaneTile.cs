namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of the weight gradient where output channels are few: lanes are neighbouring positions, and
/// C[Outputs x Taps] += sum over positions of dY[output, position] * x[tap, position], lane by lane.
/// </summary>
/// <remarks>
/// Register map: c{output}_{tap} hold a register of partial sums each, x0..x3 the registers that the taps read from x, y one
/// register of dY. 6x4 makes 24 chains of 32 registers, 3x3 makes 9 of 16. Rows of dY are whole registers with zeros at the end;
/// where a row of positions ends inside a register x is loaded in part: zeros times zeros, so that an infinity beside the last
/// position never shows.
/// </remarks>
internal static unsafe class LaneTile<TVec, T, TOutputs, TTaps>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TOutputs : struct, IConstant
    where TTaps : struct, IConstant
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(in LaneOperands<T> operands)
    {
        T* x = operands.X, dy = operands.Dy, c = operands.C;
        int* offsets = operands.Offsets;
        nint pitch = operands.Pitch, nextOutput = operands.NextOutput, nextRow = operands.NextRow, nextC = operands.NextC,
            nextTap = operands.NextTap;
        int rows = operands.Rows, width = operands.Width, step = operands.Step;
        int w = TVec.Count;
        T* a0 = x + offsets[0];
        T* a1 = TTaps.Value > 1 ? x + offsets[1] : a0;
        T* a2 = TTaps.Value > 2 ? x + offsets[2] : a0;
        T* a3 = TTaps.Value > 3 ? x + offsets[3] : a0;
        TVec c0_0 = default, c0_1 = default, c0_2 = default, c0_3 = default;
        TVec c1_0 = default, c1_1 = default, c1_2 = default, c1_3 = default;
        TVec c2_0 = default, c2_1 = default, c2_2 = default, c2_3 = default;
        TVec c3_0 = default, c3_1 = default, c3_2 = default, c3_3 = default;
        TVec c4_0 = default, c4_1 = default, c4_2 = default, c4_3 = default;
        TVec c5_0 = default, c5_1 = default, c5_2 = default, c5_3 = default;
        T* from = c;
        c0_0 = TVec.Load(from);
        if (TTaps.Value > 1) c0_1 = TVec.Load(from + (1 * nextTap));
        if (TTaps.Value > 2) c0_2 = TVec.Load(from + (2 * nextTap));
        if (TTaps.Value > 3) c0_3 = TVec.Load(from + (3 * nextTap));
        from += nextC;
        if (TOutputs.Value > 1) c1_0 = TVec.Load(from);
        if (TOutputs.Value > 1 && TTaps.Value > 1) c1_1 = TVec.Load(from + (1 * nextTap));
        if (TOutputs.Value > 1 && TTaps.Value > 2) c1_2 = TVec.Load(from + (2 * nextTap));
        if (TOutputs.Value > 1 && TTaps.Value > 3) c1_3 = TVec.Load(from + (3 * nextTap));
        from += nextC;
        if (TOutputs.Value > 2) c2_0 = TVec.Load(from);
        if (TOutputs.Value > 2 && TTaps.Value > 1) c2_1 = TVec.Load(from + (1 * nextTap));
        if (TOutputs.Value > 2 && TTaps.Value > 2) c2_2 = TVec.Load(from + (2 * nextTap));
        if (TOutputs.Value > 2 && TTaps.Value > 3) c2_3 = TVec.Load(from + (3 * nextTap));
        from += nextC;
        if (TOutputs.Value > 3) c3_0 = TVec.Load(from);
        if (TOutputs.Value > 3 && TTaps.Value > 1) c3_1 = TVec.Load(from + (1 * nextTap));
        if (TOutputs.Value > 3 && TTaps.Value > 2) c3_2 = TVec.Load(from + (2 * nextTap));
        if (TOutputs.Value > 3 && TTaps.Value > 3) c3_3 = TVec.Load(from + (3 * nextTap));
        from += nextC;
        if (TOutputs.Value > 4) c4_0 = TVec.Load(from);
        if (TOutputs.Value > 4 && TTaps.Value > 1) c4_1 = TVec.Load(from + (1 * nextTap));
        if (TOutputs.Value > 4 && TTaps.Value > 2) c4_2 = TVec.Load(from + (2 * nextTap));
        if (TOutputs.Value > 4 && TTaps.Value > 3) c4_3 = TVec.Load(from + (3 * nextTap));
        from += nextC;
        if (TOutputs.Value > 5) c5_0 = TVec.Load(from);
        if (TOutputs.Value > 5 && TTaps.Value > 1) c5_1 = TVec.Load(from + (1 * nextTap));
        if (TOutputs.Value > 5 && TTaps.Value > 2) c5_2 = TVec.Load(from + (2 * nextTap));
        if (TOutputs.Value > 5 && TTaps.Value > 3) c5_3 = TVec.Load(from + (3 * nextTap));

        for (; rows > 0; rows--)
        {
            for (int i = 0; i < width; i += step)
            {
                int count = width - i;
                T* row = dy + i;
                TVec x0, x1 = default, x2 = default, x3 = default, y = TVec.Load(row);
                if (count >= w)
                {
                    x0 = TVec.Load(a0 + i);
                    if (TTaps.Value > 1) x1 = TVec.Load(a1 + i);
                    if (TTaps.Value > 2) x2 = TVec.Load(a2 + i);
                    if (TTaps.Value > 3) x3 = TVec.Load(a3 + i);
                }
                else
                {
                    x0 = TVec.LoadPartial(a0 + i, count);
                    if (TTaps.Value > 1) x1 = TVec.LoadPartial(a1 + i, count);
                    if (TTaps.Value > 2) x2 = TVec.LoadPartial(a2 + i, count);
                    if (TTaps.Value > 3) x3 = TVec.LoadPartial(a3 + i, count);
                }

                TVec.Accumulate(ref c0_0, x0, y);
                if (TTaps.Value > 1) TVec.Accumulate(ref c0_1, x1, y);
                if (TTaps.Value > 2) TVec.Accumulate(ref c0_2, x2, y);
                if (TTaps.Value > 3) TVec.Accumulate(ref c0_3, x3, y);
                if (TOutputs.Value > 1) { row += nextOutput; y = TVec.Load(row); }
                if (TOutputs.Value > 1) TVec.Accumulate(ref c1_0, x0, y);
                if (TOutputs.Value > 1 && TTaps.Value > 1) TVec.Accumulate(ref c1_1, x1, y);
                if (TOutputs.Value > 1 && TTaps.Value > 2) TVec.Accumulate(ref c1_2, x2, y);
                if (TOutputs.Value > 1 && TTaps.Value > 3) TVec.Accumulate(ref c1_3, x3, y);
                if (TOutputs.Value > 2) { row += nextOutput; y = TVec.Load(row); }
                if (TOutputs.Value > 2) TVec.Accumulate(ref c2_0, x0, y);
                if (TOutputs.Value > 2 && TTaps.Value > 1) TVec.Accumulate(ref c2_1, x1, y);
                if (TOutputs.Value > 2 && TTaps.Value > 2) TVec.Accumulate(ref c2_2, x2, y);
                if (TOutputs.Value > 2 && TTaps.Value > 3) TVec.Accumulate(ref c2_3, x3, y);
                if (TOutputs.Value > 3) { row += nextOutput; y = TVec.Load(row); }
                if (TOutputs.Value > 3) TVec.Accumulate(ref c3_0, x0, y);
                if (TOutputs.Value > 3 && TTaps.Value > 1) TVec.Accumulate(ref c3_1, x1, y);
                if (TOutputs.Value > 3 && TTaps.Value > 2) TVec.Accumulate(ref c3_2, x2, y);
                if (TOutputs.Value > 3 && TTaps.Value > 3) TVec.Accumulate(ref c3_3, x3, y);
                if (TOutputs.Value > 4) { row += nextOutput; y = TVec.Load(row); }
                if (TOutputs.Value > 4) TVec.Accumulate(ref c4_0, x0, y);
                if (TOutputs.Value > 4 && TTaps.Value > 1) TVec.Accumulate(ref c4_1, x1, y);
                if (TOutputs.Value > 4 && TTaps.Value > 2) TVec.Accumulate(ref c4_2, x2, y);
                if (TOutputs.Value > 4 && TTaps.Value > 3) TVec.Accumulate(ref c4_3, x3, y);
                if (TOutputs.Value > 5) { row += nextOutput; y = TVec.Load(row); }
                if (TOutputs.Value > 5) TVec.Accumulate(ref c5_0, x0, y);
                if (TOutputs.Value > 5 && TTaps.Value > 1) TVec.Accumulate(ref c5_1, x1, y);
                if (TOutputs.Value > 5 && TTaps.Value > 2) TVec.Accumulate(ref c5_2, x2, y);
                if (TOutputs.Value > 5 && TTaps.Value > 3) TVec.Accumulate(ref c5_3, x3, y);
            }

            a0 += pitch;
            if (TTaps.Value > 1) a1 += pitch;
            if (TTaps.Value > 2) a2 += pitch;
            if (TTaps.Value > 3) a3 += pitch;
            dy += nextRow;
        }

        TVec.Store(c, c0_0);
        if (TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c0_1);
        if (TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c0_2);
        if (TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c0_3);
        c += nextC;
        if (TOutputs.Value > 1) TVec.Store(c, c1_0);
        if (TOutputs.Value > 1 && TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c1_1);
        if (TOutputs.Value > 1 && TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c1_2);
        if (TOutputs.Value > 1 && TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c1_3);
        c += nextC;
        if (TOutputs.Value > 2) TVec.Store(c, c2_0);
        if (TOutputs.Value > 2 && TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c2_1);
        if (TOutputs.Value > 2 && TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c2_2);
        if (TOutputs.Value > 2 && TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c2_3);
        c += nextC;
        if (TOutputs.Value > 3) TVec.Store(c, c3_0);
        if (TOutputs.Value > 3 && TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c3_1);
        if (TOutputs.Value > 3 && TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c3_2);
        if (TOutputs.Value > 3 && TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c3_3);
        c += nextC;
        if (TOutputs.Value > 4) TVec.Store(c, c4_0);
        if (TOutputs.Value > 4 && TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c4_1);
        if (TOutputs.Value > 4 && TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c4_2);
        if (TOutputs.Value > 4 && TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c4_3);
        c += nextC;
        if (TOutputs.Value > 5) TVec.Store(c, c5_0);
        if (TOutputs.Value > 5 && TTaps.Value > 1) TVec.Store(c + (1 * nextTap), c5_1);
        if (TOutputs.Value > 5 && TTaps.Value > 2) TVec.Store(c + (2 * nextTap), c5_2);
        if (TOutputs.Value > 5 && TTaps.Value > 3) TVec.Store(c + (3 * nextTap), c5_3);
    }
}
