namespace SimdConv.Kernels;

/// <summary>
/// x * Phi(x), Phi being the distribution function of the normal distribution, within 8 ulp; -infinity gives -0.
/// </summary>
internal readonly struct GeluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset)
    {
        (TVec tail, TVec value, TVec scale) = NormalTail<TVec, T>.Of(x);
        TVec above = TVec.Multiply(x, NormalTail<TVec, T>.Complement(tail, value, scale));
        TVec finite = TVec.Max(TVec.Subtract(default, NormalTail<TVec, T>.Farthest), x);
        TVec below = TVec.Multiply(TVec.Multiply(TVec.Multiply(finite, tail), value), scale);
        return TVec.Select(TVec.GreaterThan(x, default), above, below);
    }
}
