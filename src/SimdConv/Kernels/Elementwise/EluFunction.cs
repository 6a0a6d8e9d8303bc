namespace SimdConv.Kernels;

/// <summary>x where x &gt; 0, else factor * (e^x - 1), within 4 ulp.</summary>
internal readonly struct EluFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec x, TVec y, TVec factor, TVec offset) => TVec.Select(
        TVec.GreaterThan(x, default), x, TVec.Multiply(factor, Exponential<TVec, T>.MinusOne(Bounded(x))));

    /// <summary>At most 0, and no less than where e^x - 1 rounds to -1; NaN stays, since Max and Min return it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVec Bounded(TVec x) =>
        TVec.Min(default, TVec.Max(Exponential<TVec, T>.Constant(-18f, -38), x));
}
