namespace SimdConv.Kernels;

/// <summary>dy * factor * (1 - tanh(x)^2): the derivative of factor * tanh(x), from x.</summary>
internal readonly struct TanhSlopeFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec tanh = TanhFunction<TVec, T>.Invoke(x, x, Exponential<TVec, T>.One, offset);
        TVec cosh = TVec.Subtract(Exponential<TVec, T>.One, TVec.Multiply(tanh, tanh));
        return TVec.Multiply(dy, TVec.Multiply(factor, cosh));
    }
}
