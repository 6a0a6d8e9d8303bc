namespace SimdConv.Kernels;

/// <summary>dy where factor &lt;= x &lt;= offset, else 0; dy too where x is NaN.</summary>
internal readonly struct ClipGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset) => TVec.Select(
        TVec.GreaterThan(factor, x), default, TVec.Select(TVec.GreaterThan(x, offset), default, dy));
}
