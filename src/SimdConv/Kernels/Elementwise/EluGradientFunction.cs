namespace SimdConv.Kernels;

/// <summary>dy where x &gt; 0, else dy * factor * e^x.</summary>
internal readonly struct EluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec t = TVec.Min(default, TVec.Max(SiluFunction<TVec, T>.Lowest, x));
        (TVec value, TVec scale) = Exponential<TVec, T>.Of(t, default);
        TVec slope = TVec.Multiply(TVec.Multiply(factor, value), scale);
        return TVec.Select(TVec.GreaterThan(x, default), dy, TVec.Multiply(dy, slope));
    }
}
