namespace SimdConv.Packing;

/// <summary>A matrix anywhere in memory: element (i, j) is at <c>Data[i * RowStride + j * ColumnStride]</c>.</summary>
internal unsafe struct StridedMatrix<T>
    where T : unmanaged
{
    public T* Data;
    public nint RowStride, ColumnStride;

    public readonly StridedMatrix<T> Transposed => new() { Data = Data, RowStride = ColumnStride, ColumnStride = RowStride };

    public readonly StridedMatrix<T> At(nint row, nint column) =>
        new() { Data = Data + (row * RowStride) + (column * ColumnStride), RowStride = RowStride, ColumnStride = ColumnStride };
}
