namespace SimdConv.Kernels;

/// <summary>x / (1 + e^-x), within 5 ulp of the exact value; -infinity gives -0.</summary>
internal readonly struct SiluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Below it x * e^x rounds to 0.</summary>
    public static TVec Lowest => Exponential<TVec, T>.Constant(-112f, -760);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) =>
        SigmoidFunction<TVec, T>.Times(x, x, TVec.Max(Lowest, x), out _);
}
