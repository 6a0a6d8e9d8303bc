namespace SimdConv.Kernels;

/// <summary>1 / (1 + e^-x), within 4 ulp of the exact value.</summary>
internal readonly struct SigmoidFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        Times(Exponential<TVec, T>.One, x, Exponential<TVec, T>.One, out _);

    /// <summary>
    /// factor / (1 + e^-x), or below times e^x / (1 + e^x) where x isn't above 0: e^-|x| never overflows. The complement is
    /// e^-|x| / (1 + e^-|x|), where x is above 0 what 1 lacks.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Times(TVec factor, TVec x, TVec below, out TVec complement)
    {
        (TVec value, TVec scale) = Exponential<TVec, T>.Of(MinusMagnitude(x), default);
        TVec divisor = TVec.MulAdd(value, scale, Exponential<TVec, T>.One), isAbove = TVec.GreaterThan(x, default);
        complement = TVec.Multiply(TVec.Divide(value, divisor), scale);
        return TVec.Multiply(
            TVec.Divide(TVec.Select(isAbove, factor, TVec.Multiply(below, value)), divisor),
            TVec.Select(isAbove, Exponential<TVec, T>.One, scale));
    }

    /// <summary>-|x|, no less than where x * e^x rounds to 0; NaN stays, since Max returns it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec MinusMagnitude(TVec x) =>
        TVec.Max(SiluFunction<TVec, T>.Lowest, TVec.Or(x, Exponential<TVec, T>.Constant(-0f, -0d)));
}
