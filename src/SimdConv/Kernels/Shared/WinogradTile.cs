using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>
/// The micro-kernel of F(4x4, 3x3) where tiles are few: output channels are the lanes, elements of V are broadcast, and a row of U is made
/// in registers from the three numbers h / 6 that it follows from, for half the memory to read. It is 2/3, -1, -1, 4, 4 and 1/6 times what
/// G h is; <see cref="Scale"/> of V makes up for that.
/// </summary>
/// <remarks>
/// Register map: m{s}_{tile} hold a row of M, columns s, of up to 4 tiles; h0, h1, h2 the filter, shared what two columns share. 27 loads and 25
/// multiply-adds for 24 that count.
/// </remarks>
internal static unsafe class WinogradTile<TVec, T, TTiles>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTiles : struct, IConstant
{
    /// <summary>What column s of V is multiplied by.</summary>
    public static T Scale(int s) => T.CreateTruncating(s switch
    {
        0 => 1.5,
        1 or 2 => -1,
        3 or 4 => 0.25,
        _ => 6,
    });

    /// <param name="channels">Terms.</param>
    /// <param name="filter">For each channel the three h / 6, a register each.</param>
    /// <param name="v">For each channel the elements of six columns, scaled, of each those of the tiles.</param>
    /// <param name="m">Column 0 of the result: a register for each tile.</param>
    /// <param name="next">From one column to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(nint channels, T* filter, T* v, T* m, nint next)
    {
        int w = TVec.Count, t = TTiles.Value;
        T four = T.CreateTruncating(4);
        TVec m0_0 = default, m0_1 = default, m0_2 = default, m0_3 = default;
        TVec m1_0 = default, m1_1 = default, m1_2 = default, m1_3 = default;
        TVec m2_0 = default, m2_1 = default, m2_2 = default, m2_3 = default;
        TVec m3_0 = default, m3_1 = default, m3_2 = default, m3_3 = default;
        TVec m4_0 = default, m4_1 = default, m4_2 = default, m4_3 = default;
        TVec m5_0 = default, m5_1 = default, m5_2 = default, m5_3 = default;
        for (nint c = 0; c < channels; c++)
        {
            TVec h0 = TVec.Load(filter), h1 = TVec.Load(filter + w), h2 = TVec.Load(filter + (2 * w));
            m0_0 = TVec.MulAdd(h0, TVec.Broadcast(v[0]), m0_0);
            if (t > 1) m0_1 = TVec.MulAdd(h0, TVec.Broadcast(v[1]), m0_1);
            if (t > 2) m0_2 = TVec.MulAdd(h0, TVec.Broadcast(v[2]), m0_2);
            if (t > 3) m0_3 = TVec.MulAdd(h0, TVec.Broadcast(v[3]), m0_3);
            m5_0 = TVec.MulAdd(h2, TVec.Broadcast(v[5 * t]), m5_0);
            if (t > 1) m5_1 = TVec.MulAdd(h2, TVec.Broadcast(v[(5 * t) + 1]), m5_1);
            if (t > 2) m5_2 = TVec.MulAdd(h2, TVec.Broadcast(v[(5 * t) + 2]), m5_2);
            if (t > 3) m5_3 = TVec.MulAdd(h2, TVec.Broadcast(v[(5 * t) + 3]), m5_3);
            TVec shared = TVec.Add(h0, h2), u = TVec.Add(shared, h1);
            m1_0 = TVec.MulAdd(u, TVec.Broadcast(v[t]), m1_0);
            if (t > 1) m1_1 = TVec.MulAdd(u, TVec.Broadcast(v[t + 1]), m1_1);
            if (t > 2) m1_2 = TVec.MulAdd(u, TVec.Broadcast(v[t + 2]), m1_2);
            if (t > 3) m1_3 = TVec.MulAdd(u, TVec.Broadcast(v[t + 3]), m1_3);
            u = TVec.Subtract(shared, h1);
            m2_0 = TVec.MulAdd(u, TVec.Broadcast(v[2 * t]), m2_0);
            if (t > 1) m2_1 = TVec.MulAdd(u, TVec.Broadcast(v[(2 * t) + 1]), m2_1);
            if (t > 2) m2_2 = TVec.MulAdd(u, TVec.Broadcast(v[(2 * t) + 2]), m2_2);
            if (t > 3) m2_3 = TVec.MulAdd(u, TVec.Broadcast(v[(2 * t) + 3]), m2_3);
            shared = TVec.MulAdd(TVec.Broadcast(four), h2, h0);
            h1 = TVec.Add(h1, h1);
            u = TVec.Add(shared, h1);
            m3_0 = TVec.MulAdd(u, TVec.Broadcast(v[3 * t]), m3_0);
            if (t > 1) m3_1 = TVec.MulAdd(u, TVec.Broadcast(v[(3 * t) + 1]), m3_1);
            if (t > 2) m3_2 = TVec.MulAdd(u, TVec.Broadcast(v[(3 * t) + 2]), m3_2);
            if (t > 3) m3_3 = TVec.MulAdd(u, TVec.Broadcast(v[(3 * t) + 3]), m3_3);
            u = TVec.Subtract(shared, h1);
            m4_0 = TVec.MulAdd(u, TVec.Broadcast(v[4 * t]), m4_0);
            if (t > 1) m4_1 = TVec.MulAdd(u, TVec.Broadcast(v[(4 * t) + 1]), m4_1);
            if (t > 2) m4_2 = TVec.MulAdd(u, TVec.Broadcast(v[(4 * t) + 2]), m4_2);
            if (t > 3) m4_3 = TVec.MulAdd(u, TVec.Broadcast(v[(4 * t) + 3]), m4_3);
            filter += 3 * w;
            v += 6 * t;
        }

        Store(m, m0_0, m0_1, m0_2, m0_3);
        Store(m + next, m1_0, m1_1, m1_2, m1_3);
        Store(m + (2 * next), m2_0, m2_1, m2_2, m2_3);
        Store(m + (3 * next), m3_0, m3_1, m3_2, m3_3);
        Store(m + (4 * next), m4_0, m4_1, m4_2, m4_3);
        Store(m + (5 * next), m5_0, m5_1, m5_2, m5_3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(T* m, TVec m0, TVec m1, TVec m2, TVec m3)
    {
        TVec.Store(m, m0);
        if (TTiles.Value > 1) TVec.Store(m + TVec.Count, m1);
        if (TTiles.Value > 2) TVec.Store(m + (2 * TVec.Count), m2);
        if (TTiles.Value > 3) TVec.Store(m + (3 * TVec.Count), m3);
    }
}
