namespace SimdConv.Loops;

/// <summary>How im2col, or col2im where <see cref="ColumnProblem{T}.Fold"/> is set, is run on one tier.</summary>
internal abstract class ColumnPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public abstract void Run(in ColumnProblem<T> problem, Execution execution);
}
