namespace SimdConv.Kernels;

/// <summary>max(x, 0); NaN stays.</summary>
internal readonly struct ReluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) => TVec.Select(TVec.GreaterThan(default, x), default, x);
}
