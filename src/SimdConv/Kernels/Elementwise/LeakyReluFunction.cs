namespace SimdConv.Kernels;

/// <summary>x where x &gt; 0, else factor * x.</summary>
internal readonly struct LeakyReluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        LeakyReluGradientFunction<TVec, T>.Invoke(x, x, factor, offset);
}
