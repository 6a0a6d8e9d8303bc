namespace SimdConv.Kernels;

/// <summary>F(2, 3), from the points 0, 1, -1 and infinity.</summary>
internal readonly struct FourPoints : IWinograd
{
    public static int Outputs => 2;

    public static int Taps => 3;

    public static int Points => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Filter<TVec, T>(int e, TVec g0, TVec g1, TVec g2, TVec g3, TVec g4)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec half = TVec.Broadcast(T.One / T.CreateTruncating(2));
        return e switch
        {
            0 => g0,
            1 => TVec.Multiply(half, TVec.Add(TVec.Add(g0, g1), g2)),
            2 => TVec.Multiply(half, TVec.Add(TVec.Subtract(g0, g1), g2)),
            _ => g2,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Input<TVec, T>(int e, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => e switch
        {
            0 => TVec.Subtract(x0, x2),
            1 => TVec.Add(x1, x2),
            2 => TVec.Subtract(x2, x1),
            _ => TVec.Subtract(x1, x3),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Output<TVec, T>(int i, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => i switch
        {
            0 => TVec.Add(m0, TVec.Add(m1, m2)),
            _ => TVec.Subtract(TVec.Subtract(m1, m2), m3),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec InputGradient<TVec, T>(int j, TVec v0, TVec v1, TVec v2, TVec v3, TVec v4, TVec v5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => j switch
        {
            0 => v0,
            1 => TVec.Add(TVec.Subtract(v1, v2), v3),
            2 => TVec.Subtract(TVec.Add(v1, v2), v0),
            _ => TVec.Subtract(default, v3),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec OutputGradient<TVec, T>(int e, TVec y0, TVec y1, TVec y2, TVec y3)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => e switch
        {
            0 => y0,
            1 => TVec.Add(y0, y1),
            2 => TVec.Subtract(y0, y1),
            _ => TVec.Subtract(default, y1),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec FilterGradient<TVec, T>(int t, TVec u0, TVec u1, TVec u2, TVec u3, TVec u4, TVec u5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TVec half = TVec.Broadcast(T.CreateTruncating(0.5));
        return t switch
        {
            0 => TVec.MulAdd(half, TVec.Add(u1, u2), u0),
            1 => TVec.Multiply(half, TVec.Subtract(u1, u2)),
            _ => TVec.MulAdd(half, TVec.Add(u1, u2), u3),
        };
    }
}
