namespace SimdConv.Loops;

/// <summary>How pooling, forward and backward, is run on one tier.</summary>
internal abstract class PoolPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public abstract void Run(in PoolProblem<T> problem, Execution execution);
}
