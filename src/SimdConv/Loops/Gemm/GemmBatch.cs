namespace SimdConv.Loops;

/// <summary>Products of one shape, their operands constant distances apart.</summary>
internal unsafe struct GemmBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public GemmProblem<T> First;
    public nint StrideA, StrideB, StrideC;
    public int Count;
}
