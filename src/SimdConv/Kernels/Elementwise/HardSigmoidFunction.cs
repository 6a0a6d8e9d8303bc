namespace SimdConv.Kernels;

/// <summary>min(max(factor * x + offset, 0), 1); NaN stays.</summary>
internal readonly struct HardSigmoidFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        ClipFunction<TVec, T>.Invoke(TVec.MulAdd(factor, x, offset), y, default, Exponential<TVec, T>.One);
}
