namespace SimdConv.Kernels;

/// <summary>dy where 0 &lt; y &lt; 6, else 0.</summary>
internal readonly struct Relu6GradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor, TVec offset) =>
        TVec.Select(
            TVec.GreaterThan(Relu6Function<TVec, T>.Six, y), ReluGradientFunction<TVec, T>.Invoke(y, dy, factor, offset),
            default);
}
