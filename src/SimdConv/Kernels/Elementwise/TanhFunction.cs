namespace SimdConv.Kernels;

/// <summary>factor * tanh(x), within 4 ulp of the exact value.</summary>
/// <remarks>
/// tanh|x| = e / (e + 2) with e = expm1(2|x|), then the sign of x. NaN gives NaN, since Min returns its second operand where
/// either is NaN.
/// </remarks>
internal readonly struct TanhFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset)
    {
        TVec sign = TVec.And(x, Exponential<TVec, T>.Constant(-0f, -0d));
        TVec magnitude = Exponential<TVec, T>.Magnitude(x);

        // For larger arguments tanh rounds to 1.
        magnitude = TVec.Min(Exponential<TVec, T>.Constant(9.2f, 19.5), magnitude);
        TVec e = Exponential<TVec, T>.MinusOne(TVec.Add(magnitude, magnitude));
        TVec tanh = TVec.Divide(e, TVec.Add(e, Exponential<TVec, T>.Constant(2f, 2d)));
        return TVec.Multiply(factor, TVec.Or(tanh, sign));
    }
}
