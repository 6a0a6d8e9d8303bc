namespace SimdConv.Kernels;

/// <summary>dy * (x / 3 + 1 / 2) from -3 to 3, below 0, above dy.</summary>
internal readonly struct HardSwishGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec dy, TVec factor, TVec offset)
    {
        TVec slope = TVec.MulAdd(x, TVec.Broadcast(T.One / T.CreateTruncating(3)), TVec.Broadcast(T.One / T.CreateTruncating(2)));
        return HardSwishFunction<TVec, T>.Ends(x, default, TVec.Multiply(dy, slope), dy);
    }
}
