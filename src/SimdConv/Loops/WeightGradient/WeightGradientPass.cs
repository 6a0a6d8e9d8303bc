namespace SimdConv.Loops;

/// <summary>How the weight and bias gradient of a plan are run on one tier.</summary>
internal abstract class WeightGradientPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public abstract void Run(in WeightGradientProblem<T> problem, Execution execution);

    /// <summary>Bytes of workspace that <see cref="Run"/> takes in all.</summary>
    public abstract long WorkspaceBytes(int batch, int threads);
}
