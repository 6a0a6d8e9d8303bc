namespace SimdConv.Loops;

/// <summary>How the forward pass or the input gradient of a plan is run on one tier.</summary>
internal abstract unsafe class ConvPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of the packed weights.</summary>
    public abstract long FilterSize { get; }

    /// <summary>
    /// Whether weights that are not packed are read as they are, from the problem's RawFilter: packing them ahead would only
    /// cost.
    /// </summary>
    public virtual bool ReadsWeights(int batch) => false;

    /// <summary>Lays K x C/Groups x R x S weights out as the tiles read them.</summary>
    public abstract void Pack(T* weights, T* panels, Execution execution);

    /// <summary>
    /// Adds what the packed weights depend on beside the weights themselves: passes of one direction whose numbers are equal
    /// pack weights of one size to the same bytes. Files have these numbers beside their panels.
    /// </summary>
    public abstract void AddLayout(List<int> layout);

    public abstract void Run(in ConvProblem<T> problem, Execution execution);

    /// <summary>
    /// What is left to do where weights aren't finite; null where every tap on padding is multiplied or there is none.
    /// </summary>
    public virtual PaddingRule? Padding => null;

    /// <summary>Bytes of workspace that <see cref="Run"/> takes on all threads together.</summary>
    public abstract long WorkspaceBytes(int batch, int threads);
}
