using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>
/// One call of a forward pass or an input gradient: the images that are read and written, the weights, and the epilogue.
/// </summary>
internal unsafe struct ConvProblem<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public int Batch, Groups;
    public T* Source, Target, Bias;

    /// <summary>The packed weights, or null where each item packs the panels that it reads.</summary>
    public T* Filter;
    public RawFilter<T> RawFilter;
    public ImageLayout SourceLayout, TargetLayout;
    public T Beta;
    public Finish<T> Finish;
}
