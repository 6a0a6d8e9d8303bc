namespace SimdConv.Kernels;

/// <summary>dy * s * (1 + x * (1 - s)), s being the sigmoid function of x.</summary>
internal readonly struct SiluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec one = Exponential<TVec, T>.One, isAbove = TVec.GreaterThan(x, default);
        TVec sigmoid = SigmoidFunction<TVec, T>.Times(one, x, one, out TVec complement);
        TVec rest = TVec.Select(isAbove, complement, TVec.Subtract(one, complement));
        TVec finite = TVec.Min(TVec.Subtract(default, SiluFunction<TVec, T>.Lowest), TVec.Max(SiluFunction<TVec, T>.Lowest, x));
        return TVec.Multiply(dy, TVec.Multiply(sigmoid, TVec.MulAdd(finite, rest, one)));
    }
}
