namespace SimdConv.Kernels;

/// <summary>F(4, 3), from the points 0, 1, -1, 2, -2 and infinity.</summary>
internal readonly struct WinogradF4 : IWinograd
{
    public static int Outputs => 4;

    public static double Filter(int e, double g0, double g1, double g2) => e switch
    {
        0 => g0 / 4,
        1 => -(g0 + g1 + g2) / 6,
        2 => -(g0 - g1 + g2) / 6,
        3 => (g0 + (2 * g1) + (4 * g2)) / 24,
        4 => (g0 - (2 * g1) + (4 * g2)) / 24,
        _ => g2,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Input<TVec, T>(int e, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => e switch
        {
            0 => TVec.MulAdd(Constant<TVec, T>(4), x0, TVec.MulAdd(Constant<TVec, T>(-5), x2, x4)),
            1 => TVec.Add(TVec.MulAdd(Constant<TVec, T>(-4), x2, x4), TVec.MulAdd(Constant<TVec, T>(-4), x1, x3)),
            2 => TVec.Subtract(TVec.MulAdd(Constant<TVec, T>(-4), x2, x4), TVec.MulAdd(Constant<TVec, T>(-4), x1, x3)),
            3 => TVec.MulAdd(Constant<TVec, T>(2), TVec.Subtract(x3, x1), TVec.Subtract(x4, x2)),
            4 => TVec.MulAdd(Constant<TVec, T>(-2), TVec.Subtract(x3, x1), TVec.Subtract(x4, x2)),
            _ => TVec.MulAdd(Constant<TVec, T>(4), x1, TVec.MulAdd(Constant<TVec, T>(-5), x3, x5)),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Output<TVec, T>(int i, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => i switch
        {
            0 => TVec.Add(TVec.Add(m0, TVec.Add(m1, m2)), TVec.Add(m3, m4)),
            1 => TVec.MulAdd(Constant<TVec, T>(2), TVec.Subtract(m3, m4), TVec.Subtract(m1, m2)),
            2 => TVec.MulAdd(Constant<TVec, T>(4), TVec.Add(m3, m4), TVec.Add(m1, m2)),
            _ => TVec.Add(TVec.MulAdd(Constant<TVec, T>(8), TVec.Subtract(m3, m4), TVec.Subtract(m1, m2)), m5),
        };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Constant<TVec, T>(float value)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TVec.Broadcast(typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>(value) : Unsafe.BitCast<double, T>(value));
}
