namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A layer made ready: plans and packed weights, which never change. Any number of threads may run it at once.</summary>
internal abstract class Step
{
    /// <summary>What it computes, and how, for people.</summary>
    public required string Text { get; init; }

    public abstract void Run(in Call call);

    /// <summary>Bytes of scratch memory that the library takes for it.</summary>
    public virtual long ScratchBytes(int batch, Execution execution) => 0;
}
