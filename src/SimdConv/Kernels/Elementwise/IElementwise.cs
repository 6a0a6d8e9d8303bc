namespace SimdConv.Kernels;

/// <summary>A function of up to two operands, element by element, and of up to two numbers.</summary>
internal interface IElementwise<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract TVec Invoke(TVec x, TVec y, TVec factor, TVec offset);
}
