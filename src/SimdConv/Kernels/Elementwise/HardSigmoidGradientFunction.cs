namespace SimdConv.Kernels;

/// <summary>dy * factor where 0 &lt; factor * x + offset &lt; 1, else 0.</summary>
internal readonly struct HardSigmoidGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec line = TVec.MulAdd(factor, x, offset);
        TVec isInside = TVec.And(TVec.GreaterThan(line, default), TVec.GreaterThan(Exponential<TVec, T>.One, line));
        return TVec.Select(isInside, TVec.Multiply(dy, factor), default);
    }
}
