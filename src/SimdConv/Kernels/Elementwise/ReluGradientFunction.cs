namespace SimdConv.Kernels;

/// <summary>dy where y &gt; 0, else 0.</summary>
internal readonly struct ReluGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor, TVec offset) =>
        TVec.Select(TVec.GreaterThan(y, default), dy, default);
}
