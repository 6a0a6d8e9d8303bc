namespace SimdConv.Kernels;

/// <summary>F(2, 3), from the points 0, 1, -1 and infinity. Inputs 4 and 5 aren't used.</summary>
internal readonly struct WinogradF2 : IWinograd
{
    public static int Outputs => 2;

    public static double Filter(int e, double g0, double g1, double g2) => e switch
    {
        0 => g0,
        1 => (g0 + g1 + g2) / 2,
        2 => (g0 - g1 + g2) / 2,
        _ => g2,
    };

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
}
