namespace SimdConv.Kernels;

/// <summary>
/// The tiles of <see cref="SlidingTile{TVec, T, TRows, TTaps}"/> as one call: a shape is compiled when it first runs.
/// </summary>
internal static unsafe class SlidingKernel<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The most rows: what a row of the kernel and a broadcast leave of the registers, at most fourteen.</summary>
    public static int MR(int taps) => Math.Min(14, TVec.Registers - taps - 1);

    /// <param name="rows">1 to <see cref="MR"/>.</param>
    /// <param name="taps">3 or 5.</param>
    /// <param name="kc">Terms, all taps of some rows of the kernel.</param>
    /// <param name="a">The first element of the image.</param>
    /// <param name="b">The packed weights.</param>
    /// <param name="offsets">An offset for each term.</param>
    /// <param name="start">What the chains begin with.</param>
    /// <param name="ldstart">From one row of <paramref name="start"/> to the next; 0 repeats one.</param>
    /// <param name="c">The result.</param>
    public static void Run(int rows, int taps, int kc, T* a, T* b, int* offsets, T* start, nint ldstart, T* c)
    {
        if (taps == 3)
            Run<N3>(rows, kc / 3, a, b, offsets, start, ldstart, c);
        else
            Run<N5>(rows, kc / 5, a, b, offsets, start, ldstart, c);
    }

    private static void Run<TTaps>(int rows, nint groups, T* a, T* b, int* offsets, T* start, nint ldstart, T* c)
        where TTaps : struct, IConstant
    {
        switch (rows)
        {
            case 1: SlidingTile<TVec, T, N1, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 2: SlidingTile<TVec, T, N2, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 3: SlidingTile<TVec, T, N3, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 4: SlidingTile<TVec, T, N4, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 5: SlidingTile<TVec, T, N5, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 6: SlidingTile<TVec, T, N6, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 7: SlidingTile<TVec, T, N7, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 8: SlidingTile<TVec, T, N8, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 9: SlidingTile<TVec, T, N9, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 10: SlidingTile<TVec, T, N10, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 11: SlidingTile<TVec, T, N11, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 12: SlidingTile<TVec, T, N12, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 13: SlidingTile<TVec, T, N13, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
            case 14: SlidingTile<TVec, T, N14, TTaps>.Run(groups, a, b, offsets, start, ldstart, c); break;
        }
    }
}
