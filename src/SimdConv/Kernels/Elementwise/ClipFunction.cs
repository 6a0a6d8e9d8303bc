namespace SimdConv.Kernels;

/// <summary>min(max(x, factor), offset); NaN stays.</summary>
internal readonly struct ClipFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        TVec.Min(offset, TVec.Select(TVec.GreaterThan(factor, x), factor, x));
}
