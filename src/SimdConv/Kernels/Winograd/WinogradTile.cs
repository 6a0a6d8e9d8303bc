namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of F(4x4, 3x3) where tiles are few: output channels are the lanes, elements of V are broadcast, and a row of
/// U is made in registers from the filter itself, for a quarter of the memory to read. The divisions of G are left out, so that U
/// is made of sums and a few products; V is multiplied by <see cref="Scale"/> in their place.
/// </summary>
/// <remarks>
/// Register map: m{s}_{tile} hold a row of M, columns s, of up to 4 tiles; h0, h1, h2 a row of G g, x0, x1, x2 the filter's
/// middle row. A channel takes 27 to 33 loads, and 25 to 28 multiply-adds of which 24 are those of the products; additions run in
/// other pipes.
/// </remarks>
internal static unsafe class WinogradTile<TVec, T, TTiles>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTiles : struct, IConstant
{
    /// <summary>Taps of a filter: what a channel takes, in registers.</summary>
    public const int Taps = 9;

    /// <summary>
    /// What the filter is multiplied by. With <see cref="Scale"/>, no number grows by more than those of the algorithm do.
    /// </summary>
    public static T FilterScale(T tap) => tap * T.CreateTruncating(16) / T.CreateTruncating(9);

    /// <summary>The factor of row or column s of V: element (r, s) is multiplied by those of r and of s.</summary>
    public static T Scale(int s) => T.CreateTruncating(s switch
    {
        0 => 0.1875,
        1 or 2 => -0.125,
        3 or 4 => 0.03125,
        _ => 0.75,
    });

    /// <summary>M += row <paramref name="r"/> of U * V.</summary>
    /// <param name="r">The row, 0 to 5.</param>
    /// <param name="channels">Terms.</param>
    /// <param name="filter">For each channel the nine taps, a register each.</param>
    /// <param name="fetch">What is prefetched into L2 for later: two registers a channel.</param>
    /// <param name="v">For each channel the elements of six columns, scaled, of each those of the tiles.</param>
    /// <param name="m">Column 0 of the result: a register for each tile.</param>
    /// <param name="next">From one column to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(int r, nint channels, T* filter, T* fetch, T* v, T* m, nint next)
    {
        int w = TVec.Count, t = TTiles.Value;
        T four = T.CreateTruncating(4);
        bool isOutermost = r is 0 or 5, isDoubled = r > 2, isDifference = r is 2 or 4;
        if (r == 5)
            filter += 6 * w;
        (TVec m0_0, TVec m0_1, TVec m0_2, TVec m0_3) = Load(m);
        (TVec m1_0, TVec m1_1, TVec m1_2, TVec m1_3) = Load(m + next);
        (TVec m2_0, TVec m2_1, TVec m2_2, TVec m2_3) = Load(m + (2 * next));
        (TVec m3_0, TVec m3_1, TVec m3_2, TVec m3_3) = Load(m + (3 * next));
        (TVec m4_0, TVec m4_1, TVec m4_2, TVec m4_3) = Load(m + (4 * next));
        (TVec m5_0, TVec m5_1, TVec m5_2, TVec m5_3) = Load(m + (5 * next));
        for (nint c = 0; c < channels; c++)
        {
            TVec h0 = Row(filter, isOutermost, isDoubled, isDifference),
                h1 = Row(filter + w, isOutermost, isDoubled, isDifference);
            TVec h2 = Row(filter + (2 * w), isOutermost, isDoubled, isDifference);
            TVec.Accumulate(ref m0_0, h0, v);
            if (t > 1) TVec.Accumulate(ref m0_1, h0, v + 1);
            if (t > 2) TVec.Accumulate(ref m0_2, h0, v + 2);
            if (t > 3) TVec.Accumulate(ref m0_3, h0, v + 3);
            TVec.Accumulate(ref m5_0, h2, v + (5 * t));
            if (t > 1) TVec.Accumulate(ref m5_1, h2, v + (5 * t) + 1);
            if (t > 2) TVec.Accumulate(ref m5_2, h2, v + (5 * t) + 2);
            if (t > 3) TVec.Accumulate(ref m5_3, h2, v + (5 * t) + 3);
            TVec shared = TVec.Add(h0, h2), u = TVec.Add(shared, h1);
            TVec.Accumulate(ref m1_0, u, v + t);
            if (t > 1) TVec.Accumulate(ref m1_1, u, v + t + 1);
            if (t > 2) TVec.Accumulate(ref m1_2, u, v + t + 2);
            if (t > 3) TVec.Accumulate(ref m1_3, u, v + t + 3);
            u = TVec.Subtract(shared, h1);
            TVec.Accumulate(ref m2_0, u, v + (2 * t));
            if (t > 1) TVec.Accumulate(ref m2_1, u, v + (2 * t) + 1);
            if (t > 2) TVec.Accumulate(ref m2_2, u, v + (2 * t) + 2);
            if (t > 3) TVec.Accumulate(ref m2_3, u, v + (2 * t) + 3);
            shared = TVec.MulAdd(TVec.Broadcast(four), h2, h0);
            h1 = TVec.Add(h1, h1);
            u = TVec.Add(shared, h1);
            TVec.Accumulate(ref m3_0, u, v + (3 * t));
            if (t > 1) TVec.Accumulate(ref m3_1, u, v + (3 * t) + 1);
            if (t > 2) TVec.Accumulate(ref m3_2, u, v + (3 * t) + 2);
            if (t > 3) TVec.Accumulate(ref m3_3, u, v + (3 * t) + 3);
            u = TVec.Subtract(shared, h1);
            TVec.Accumulate(ref m4_0, u, v + (4 * t));
            if (t > 1) TVec.Accumulate(ref m4_1, u, v + (4 * t) + 1);
            if (t > 2) TVec.Accumulate(ref m4_2, u, v + (4 * t) + 2);
            if (t > 3) TVec.Accumulate(ref m4_3, u, v + (4 * t) + 3);
            Prefetch.LinesToL2(fetch, 2 * w);
            filter += Taps * w;
            fetch += 2 * w;
            v += 6 * t;
        }

        Store(m, m0_0, m0_1, m0_2, m0_3);
        Store(m + next, m1_0, m1_1, m1_2, m1_3);
        Store(m + (2 * next), m2_0, m2_1, m2_2, m2_3);
        Store(m + (3 * next), m3_0, m3_1, m3_2, m3_3);
        Store(m + (4 * next), m4_0, m4_1, m4_2, m4_3);
        Store(m + (5 * next), m5_0, m5_1, m5_2, m5_3);
    }

    /// <summary>One element of a row of G g, undivided.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Row(T* column, bool isOutermost, bool isDoubled, bool isDifference)
    {
        TVec h = TVec.Load(column);
        if (isOutermost)
            return h;
        TVec x = TVec.Load(column + (3 * TVec.Count)), last = TVec.Load(column + (6 * TVec.Count));
        if (isDoubled)
        {
            h = TVec.MulAdd(TVec.Broadcast(T.CreateTruncating(4)), last, h);
            x = TVec.Add(x, x);
        }
        else
        {
            h = TVec.Add(h, last);
        }

        return isDifference ? TVec.Subtract(h, x) : TVec.Add(h, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TVec, TVec, TVec, TVec) Load(T* m) => (
        TVec.Load(m),
        TTiles.Value > 1 ? TVec.Load(m + TVec.Count) : default,
        TTiles.Value > 2 ? TVec.Load(m + (2 * TVec.Count)) : default,
        TTiles.Value > 3 ? TVec.Load(m + (3 * TVec.Count)) : default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* m, TVec m0, TVec m1, TVec m2, TVec m3)
    {
        TVec.Store(m, m0);
        if (TTiles.Value > 1) TVec.Store(m + TVec.Count, m1);
        if (TTiles.Value > 2) TVec.Store(m + (2 * TVec.Count), m2);
        if (TTiles.Value > 3) TVec.Store(m + (3 * TVec.Count), m3);
    }
}
