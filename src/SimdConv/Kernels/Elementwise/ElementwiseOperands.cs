namespace SimdConv.Kernels;

/// <summary>What a function is applied to, element by element: target[i] = f(x[i], y[i]).</summary>
internal unsafe struct ElementwiseOperands<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public T* X, Y, Target;
    public nint Count;

    /// <summary>The numbers of the function, whose meaning is its own.</summary>
    public T Factor, Offset;
}
