using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>C[M x N] = alpha * A[M x K] * B[K x N] + beta * C, transposes already in the strides.</summary>
internal unsafe struct GemmProblem<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public int M, N, K;
    public T Alpha, Beta;
    public StridedMatrix<T> A, B;
    public T* C;
    public nint Ldc;

    /// <summary>All panels of A or B, where the caller has packed them; at most one of the two.</summary>
    public T* PackedA, PackedB;

    /// <summary>Columns of all panels of B, and the column among them that this part begins with.</summary>
    public int PackedColumns, PackedColumn;

    /// <summary>
    /// Of the panels of a packed A, the share that this part takes: part PanelPart of PanelParts, or all where that is 0.
    /// </summary>
    public int PanelPart, PanelParts;

    /// <summary>What the chains of a row, or of a column, begin with; at most one of the two.</summary>
    public T* RowBias, ColumnBias;

    /// <summary>Elements from a row's bias to that of the next row: 1, or 0 where one is for all rows.</summary>
    public nint RowBiasStep;

    /// <summary>What follows the last term.</summary>
    public Finish<T> Finish;
}
