namespace SimdConv.Kernels;

/// <summary>
/// x * (x + 3) / 6 from -3 to 3, below 0, above x; NaN stays. x + 3 is exact near -3, so that results are accurate there too.
/// </summary>
internal readonly struct HardSwishFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TVec Three => TVec.Broadcast(T.CreateTruncating(3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset)
    {
        TVec curve = TVec.Multiply(TVec.Multiply(x, TVec.Add(x, Three)), TVec.Broadcast(T.One / T.CreateTruncating(6)));
        return Ends(x, default, curve, x);
    }

    /// <summary>One value below -3, one above 3, and one between them, where NaN is too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Ends(TVec x, TVec below, TVec between, TVec above) => TVec.Select(
        TVec.GreaterThan(x, Three), above, TVec.Select(TVec.GreaterThan(TVec.Subtract(default, Three), x), below, between));
}
