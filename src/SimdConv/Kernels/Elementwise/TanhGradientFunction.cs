namespace SimdConv.Kernels;

/// <summary>dy * (factor - y^2 / factor): the derivative of y = factor * tanh(x), from y.</summary>
internal readonly struct TanhGradientFunction<TVec, T> : IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVec Invoke(TVec y, TVec dy, TVec factor, TVec offset) =>
        TVec.Multiply(dy, TVec.Subtract(factor, TVec.Divide(TVec.Multiply(y, y), factor)));
}
