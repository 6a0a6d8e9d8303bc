namespace SimdConv.Kernels;

/// <summary>dy * e^-|x| / (1 + e^-|x|)^2: the derivative of the sigmoid function.</summary>
internal readonly struct SigmoidGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec sigmoid = SigmoidFunction<TVec, T>.Times(Exponential<TVec, T>.One, x, Exponential<TVec, T>.One, out TVec complement);
        TVec larger = TVec.Select(TVec.GreaterThan(x, default), sigmoid, TVec.Subtract(Exponential<TVec, T>.One, complement));
        return TVec.Multiply(dy, TVec.Multiply(larger, complement));
    }
}
