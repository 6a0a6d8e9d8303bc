namespace SimdConv.Kernels;

/// <summary>min(max(x, 0), 6); NaN stays.</summary>
internal readonly struct Relu6Function<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TVec Six => TVec.Broadcast(T.CreateTruncating(6));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        TVec.Min(Six, ReluFunction<TVec, T>.Invoke(x, y, factor, offset));
}
