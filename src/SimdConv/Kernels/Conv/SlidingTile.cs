namespace SimdConv.Kernels;

/// <summary>
/// The tile of a single register of output channels: C[Rows x W] = start + X * B, where row p of X is Taps elements of a row of
/// the image from its element p on, then of the next row in the table.
/// </summary>
/// <remarks>
/// Register map: c0..c13 hold the tile of C, w0..w4 a row of the kernel, x one element of the image broadcast to all lanes. An
/// element is broadcast once for all the taps that see it: Rows + Taps - 1 broadcasts for Rows * Taps multiply-adds. On Zen 4 a
/// zmm broadcast takes 1.2 cycles, so one for each multiply-add, as in <see cref="GemmTile{TVec, T, TShape}"/>, ends at 75 % of
/// the FMA peak; this reaches 97 %. Each chain still ascends, since later elements are later taps.
/// </remarks>
internal static unsafe class SlidingTile<TVec, T, TRows, TTaps>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TRows : struct, IConstant
    where TTaps : struct, IConstant
{
    /// <param name="groups">Rows of the kernel in all channels.</param>
    /// <param name="a">The first element of the image; row i of it is at a + offsets[i * Taps].</param>
    /// <param name="b">The packed weights.</param>
    /// <param name="offsets">One offset for each term.</param>
    /// <param name="start">What the chains begin with.</param>
    /// <param name="ldstart">From one row of <paramref name="start"/> to the next; 0 repeats one.</param>
    /// <param name="c">The result, its rows a register long.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint groups, T* a, T* b, int* offsets, T* start, nint ldstart, T* c)
    {
        int n = TVec.Count, count = TRows.Value + TTaps.Value - 1;
        TVec c0 = TVec.Load(start);
        TVec c1 = TRows.Value > 1 ? TVec.Load(start + ldstart) : default;
        TVec c2 = TRows.Value > 2 ? TVec.Load(start + (2 * ldstart)) : default;
        TVec c3 = TRows.Value > 3 ? TVec.Load(start + (3 * ldstart)) : default;
        TVec c4 = TRows.Value > 4 ? TVec.Load(start + (4 * ldstart)) : default;
        TVec c5 = TRows.Value > 5 ? TVec.Load(start + (5 * ldstart)) : default;
        TVec c6 = TRows.Value > 6 ? TVec.Load(start + (6 * ldstart)) : default;
        TVec c7 = TRows.Value > 7 ? TVec.Load(start + (7 * ldstart)) : default;
        TVec c8 = TRows.Value > 8 ? TVec.Load(start + (8 * ldstart)) : default;
        TVec c9 = TRows.Value > 9 ? TVec.Load(start + (9 * ldstart)) : default;
        TVec c10 = TRows.Value > 10 ? TVec.Load(start + (10 * ldstart)) : default;
        TVec c11 = TRows.Value > 11 ? TVec.Load(start + (11 * ldstart)) : default;
        TVec c12 = TRows.Value > 12 ? TVec.Load(start + (12 * ldstart)) : default;
        TVec c13 = TRows.Value > 13 ? TVec.Load(start + (13 * ldstart)) : default;
        for (; groups > 0; groups--, b += TTaps.Value * n, offsets += TTaps.Value)
        {
            T* row = a + offsets[0];
            TVec w0 = TVec.Load(b), w1 = default, w2 = default, w3 = default, w4 = default;
            Elements<TVec> x = default;
            if (TTaps.Value > 1) w1 = TVec.Load(b + n);
            if (TTaps.Value > 2) w2 = TVec.Load(b + (2 * n));
            if (TTaps.Value > 3) w3 = TVec.Load(b + (3 * n));
            if (TTaps.Value > 4) w4 = TVec.Load(b + (4 * n));
            x = TVec.LoadElement(x, row, 0, count);
            TVec.Accumulate(ref c0, x, 0, w0);
            if (TRows.Value + TTaps.Value > 2) x = TVec.LoadElement(x, row, 1, count);
            if (TRows.Value > 1) TVec.Accumulate(ref c1, x, 1, w0);
            if (TTaps.Value > 1) TVec.Accumulate(ref c0, x, 1, w1);
            if (TRows.Value + TTaps.Value > 3) x = TVec.LoadElement(x, row, 2, count);
            if (TRows.Value > 2) TVec.Accumulate(ref c2, x, 2, w0);
            if (TRows.Value > 1 && TTaps.Value > 1) TVec.Accumulate(ref c1, x, 2, w1);
            if (TTaps.Value > 2) TVec.Accumulate(ref c0, x, 2, w2);
            if (TRows.Value + TTaps.Value > 4) x = TVec.LoadElement(x, row, 3, count);
            if (TRows.Value > 3) TVec.Accumulate(ref c3, x, 3, w0);
            if (TRows.Value > 2 && TTaps.Value > 1) TVec.Accumulate(ref c2, x, 3, w1);
            if (TRows.Value > 1 && TTaps.Value > 2) TVec.Accumulate(ref c1, x, 3, w2);
            if (TTaps.Value > 3) TVec.Accumulate(ref c0, x, 3, w3);
            if (TRows.Value + TTaps.Value > 5) x = TVec.LoadElement(x, row, 4, count);
            if (TRows.Value > 4) TVec.Accumulate(ref c4, x, 4, w0);
            if (TRows.Value > 3 && TTaps.Value > 1) TVec.Accumulate(ref c3, x, 4, w1);
            if (TRows.Value > 2 && TTaps.Value > 2) TVec.Accumulate(ref c2, x, 4, w2);
            if (TRows.Value > 1 && TTaps.Value > 3) TVec.Accumulate(ref c1, x, 4, w3);
            if (TTaps.Value > 4) TVec.Accumulate(ref c0, x, 4, w4);
            if (TRows.Value + TTaps.Value > 6) x = TVec.LoadElement(x, row, 5, count);
            if (TRows.Value > 5) TVec.Accumulate(ref c5, x, 5, w0);
            if (TRows.Value > 4 && TTaps.Value > 1) TVec.Accumulate(ref c4, x, 5, w1);
            if (TRows.Value > 3 && TTaps.Value > 2) TVec.Accumulate(ref c3, x, 5, w2);
            if (TRows.Value > 2 && TTaps.Value > 3) TVec.Accumulate(ref c2, x, 5, w3);
            if (TRows.Value > 1 && TTaps.Value > 4) TVec.Accumulate(ref c1, x, 5, w4);
            if (TRows.Value + TTaps.Value > 7) x = TVec.LoadElement(x, row, 6, count);
            if (TRows.Value > 6) TVec.Accumulate(ref c6, x, 6, w0);
            if (TRows.Value > 5 && TTaps.Value > 1) TVec.Accumulate(ref c5, x, 6, w1);
            if (TRows.Value > 4 && TTaps.Value > 2) TVec.Accumulate(ref c4, x, 6, w2);
            if (TRows.Value > 3 && TTaps.Value > 3) TVec.Accumulate(ref c3, x, 6, w3);
            if (TRows.Value > 2 && TTaps.Value > 4) TVec.Accumulate(ref c2, x, 6, w4);
            if (TRows.Value + TTaps.Value > 8) x = TVec.LoadElement(x, row, 7, count);
            if (TRows.Value > 7) TVec.Accumulate(ref c7, x, 7, w0);
            if (TRows.Value > 6 && TTaps.Value > 1) TVec.Accumulate(ref c6, x, 7, w1);
            if (TRows.Value > 5 && TTaps.Value > 2) TVec.Accumulate(ref c5, x, 7, w2);
            if (TRows.Value > 4 && TTaps.Value > 3) TVec.Accumulate(ref c4, x, 7, w3);
            if (TRows.Value > 3 && TTaps.Value > 4) TVec.Accumulate(ref c3, x, 7, w4);
            if (TRows.Value + TTaps.Value > 9) x = TVec.LoadElement(x, row, 8, count);
            if (TRows.Value > 8) TVec.Accumulate(ref c8, x, 8, w0);
            if (TRows.Value > 7 && TTaps.Value > 1) TVec.Accumulate(ref c7, x, 8, w1);
            if (TRows.Value > 6 && TTaps.Value > 2) TVec.Accumulate(ref c6, x, 8, w2);
            if (TRows.Value > 5 && TTaps.Value > 3) TVec.Accumulate(ref c5, x, 8, w3);
            if (TRows.Value > 4 && TTaps.Value > 4) TVec.Accumulate(ref c4, x, 8, w4);
            if (TRows.Value + TTaps.Value > 10) x = TVec.LoadElement(x, row, 9, count);
            if (TRows.Value > 9) TVec.Accumulate(ref c9, x, 9, w0);
            if (TRows.Value > 8 && TTaps.Value > 1) TVec.Accumulate(ref c8, x, 9, w1);
            if (TRows.Value > 7 && TTaps.Value > 2) TVec.Accumulate(ref c7, x, 9, w2);
            if (TRows.Value > 6 && TTaps.Value > 3) TVec.Accumulate(ref c6, x, 9, w3);
            if (TRows.Value > 5 && TTaps.Value > 4) TVec.Accumulate(ref c5, x, 9, w4);
            if (TRows.Value + TTaps.Value > 11) x = TVec.LoadElement(x, row, 10, count);
            if (TRows.Value > 10) TVec.Accumulate(ref c10, x, 10, w0);
            if (TRows.Value > 9 && TTaps.Value > 1) TVec.Accumulate(ref c9, x, 10, w1);
            if (TRows.Value > 8 && TTaps.Value > 2) TVec.Accumulate(ref c8, x, 10, w2);
            if (TRows.Value > 7 && TTaps.Value > 3) TVec.Accumulate(ref c7, x, 10, w3);
            if (TRows.Value > 6 && TTaps.Value > 4) TVec.Accumulate(ref c6, x, 10, w4);
            if (TRows.Value + TTaps.Value > 12) x = TVec.LoadElement(x, row, 11, count);
            if (TRows.Value > 11) TVec.Accumulate(ref c11, x, 11, w0);
            if (TRows.Value > 10 && TTaps.Value > 1) TVec.Accumulate(ref c10, x, 11, w1);
            if (TRows.Value > 9 && TTaps.Value > 2) TVec.Accumulate(ref c9, x, 11, w2);
            if (TRows.Value > 8 && TTaps.Value > 3) TVec.Accumulate(ref c8, x, 11, w3);
            if (TRows.Value > 7 && TTaps.Value > 4) TVec.Accumulate(ref c7, x, 11, w4);
            if (TRows.Value + TTaps.Value > 13) x = TVec.LoadElement(x, row, 12, count);
            if (TRows.Value > 12) TVec.Accumulate(ref c12, x, 12, w0);
            if (TRows.Value > 11 && TTaps.Value > 1) TVec.Accumulate(ref c11, x, 12, w1);
            if (TRows.Value > 10 && TTaps.Value > 2) TVec.Accumulate(ref c10, x, 12, w2);
            if (TRows.Value > 9 && TTaps.Value > 3) TVec.Accumulate(ref c9, x, 12, w3);
            if (TRows.Value > 8 && TTaps.Value > 4) TVec.Accumulate(ref c8, x, 12, w4);
            if (TRows.Value + TTaps.Value > 14) x = TVec.LoadElement(x, row, 13, count);
            if (TRows.Value > 13) TVec.Accumulate(ref c13, x, 13, w0);
            if (TRows.Value > 12 && TTaps.Value > 1) TVec.Accumulate(ref c12, x, 13, w1);
            if (TRows.Value > 11 && TTaps.Value > 2) TVec.Accumulate(ref c11, x, 13, w2);
            if (TRows.Value > 10 && TTaps.Value > 3) TVec.Accumulate(ref c10, x, 13, w3);
            if (TRows.Value > 9 && TTaps.Value > 4) TVec.Accumulate(ref c9, x, 13, w4);
            if (TRows.Value + TTaps.Value > 15) x = TVec.LoadElement(x, row, 14, count);
            if (TRows.Value > 13 && TTaps.Value > 1) TVec.Accumulate(ref c13, x, 14, w1);
            if (TRows.Value > 12 && TTaps.Value > 2) TVec.Accumulate(ref c12, x, 14, w2);
            if (TRows.Value > 11 && TTaps.Value > 3) TVec.Accumulate(ref c11, x, 14, w3);
            if (TRows.Value > 10 && TTaps.Value > 4) TVec.Accumulate(ref c10, x, 14, w4);
            if (TRows.Value + TTaps.Value > 16) x = TVec.LoadElement(x, row, 15, count);
            if (TRows.Value > 13 && TTaps.Value > 2) TVec.Accumulate(ref c13, x, 15, w2);
            if (TRows.Value > 12 && TTaps.Value > 3) TVec.Accumulate(ref c12, x, 15, w3);
            if (TRows.Value > 11 && TTaps.Value > 4) TVec.Accumulate(ref c11, x, 15, w4);
            if (TRows.Value + TTaps.Value > 17) x = TVec.LoadElement(x, row, 16, count);
            if (TRows.Value > 13 && TTaps.Value > 3) TVec.Accumulate(ref c13, x, 16, w3);
            if (TRows.Value > 12 && TTaps.Value > 4) TVec.Accumulate(ref c12, x, 16, w4);
            if (TRows.Value + TTaps.Value > 18) x = TVec.LoadElement(x, row, 17, count);
            if (TRows.Value > 13 && TTaps.Value > 4) TVec.Accumulate(ref c13, x, 17, w4);
        }

        TVec.Store(c, c0);
        if (TRows.Value > 1) TVec.Store(c + n, c1);
        if (TRows.Value > 2) TVec.Store(c + (2 * n), c2);
        if (TRows.Value > 3) TVec.Store(c + (3 * n), c3);
        if (TRows.Value > 4) TVec.Store(c + (4 * n), c4);
        if (TRows.Value > 5) TVec.Store(c + (5 * n), c5);
        if (TRows.Value > 6) TVec.Store(c + (6 * n), c6);
        if (TRows.Value > 7) TVec.Store(c + (7 * n), c7);
        if (TRows.Value > 8) TVec.Store(c + (8 * n), c8);
        if (TRows.Value > 9) TVec.Store(c + (9 * n), c9);
        if (TRows.Value > 10) TVec.Store(c + (10 * n), c10);
        if (TRows.Value > 11) TVec.Store(c + (11 * n), c11);
        if (TRows.Value > 12) TVec.Store(c + (12 * n), c12);
        if (TRows.Value > 13) TVec.Store(c + (13 * n), c13);
    }
}
