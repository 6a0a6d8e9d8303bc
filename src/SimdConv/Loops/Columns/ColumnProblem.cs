namespace SimdConv.Loops;

/// <summary>One call of im2col, or of col2im where Fold is set.</summary>
internal unsafe struct ColumnProblem<T>
    where T : unmanaged
{
    public int Batch;
    public T* X, Columns;
    public ColumnLayout Layout;
    public ImageLayout Image;
    public bool Fold;
}
