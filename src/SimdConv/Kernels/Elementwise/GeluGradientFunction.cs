namespace SimdConv.Kernels;

/// <summary>dy * (Phi(x) + x * phi(x)), phi being the density of the normal distribution.</summary>
internal readonly struct GeluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        (TVec tail, TVec value, TVec scale) = NormalTail<TVec, T>.Of(x);
        TVec far = NormalTail<TVec, T>.Farthest, finite = TVec.Min(far, TVec.Max(TVec.Subtract(default, far), x));
        TVec below = TVec.Multiply(TVec.Multiply(tail, value), scale);
        TVec phi = TVec.Multiply(TVec.Multiply(value, Exponential<TVec, T>.Constant(0.398942280f, 0.3989422804014327)), scale);
        TVec whole = TVec.Select(
            TVec.GreaterThan(x, default), NormalTail<TVec, T>.Complement(tail, value, scale), below);
        return TVec.Multiply(dy, TVec.MulAdd(finite, phi, whole));
    }
}
