namespace SimdConv.Loops;

/// <summary>One call of the weight gradient; DW or DB may be null.</summary>
internal unsafe struct WeightGradientProblem<T>
    where T : unmanaged
{
    public int Batch;
    public T* X, DY, DW, DB;
    public ImageLayout XLayout, DYLayout;
    public T Beta;
}
