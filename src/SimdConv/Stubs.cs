#pragma warning disable IDE0060, CA1822, IDE0052, CS1591, CS9113
namespace SimdConv;

public sealed class Pool2DPlan<T> where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    public Pool2DPlan(Pool2DShape shape, PoolKind kind, ImageLayout? input = null, ImageLayout? output = null) => throw new NotImplementedException();
    public Pool2DShape Shape => throw new NotImplementedException();
    public PoolKind Kind => throw new NotImplementedException();
    public ImageLayout InputLayout => throw new NotImplementedException();
    public ImageLayout OutputLayout => throw new NotImplementedException();
    public long InputLength(int batch) => throw new NotImplementedException();
    public long OutputLength(int batch) => throw new NotImplementedException();
    /// <summary>Bytes of the winners of a batch (max): one an output element where R*S is at most 256, else four; order n, c, p, q.</summary>
    public long WinnerBytes(int batch) => throw new NotImplementedException();
    public void Forward(int batch, ReadOnlySpan<T> x, Span<T> y, Execution execution = default) => throw new NotImplementedException();
    /// <summary>Max only: also stores each window's winning tap, r*S + s.</summary>
    public void Forward(int batch, ReadOnlySpan<T> x, Span<T> y, Span<byte> winners, Execution execution = default) => throw new NotImplementedException();
    /// <summary>Average only. dx is overwritten.</summary>
    public void Backward(int batch, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default) => throw new NotImplementedException();
    /// <summary>Max only. dx is overwritten.</summary>
    public void Backward(int batch, ReadOnlySpan<T> dy, ReadOnlySpan<byte> winners, Span<T> dx, Execution execution = default) => throw new NotImplementedException();
    /// <summary>Max only: winners as PyTorch's indices, h*W + w, contiguous n, c, p, q.</summary>
    public void Indices(int batch, ReadOnlySpan<byte> winners, Span<long> indices) => throw new NotImplementedException();
}

/// <summary>The index tables of im2col for a shape (K and Groups don't matter): row k = (c, r, s), column j = (p, q).</summary>
public sealed class IndexTable
{
    public IndexTable(Conv2DShape shape) => throw new NotImplementedException();
    public Conv2DShape Shape => throw new NotImplementedException();
    /// <summary>C*R*S</summary>
    public int Rows => throw new NotImplementedException();
    /// <summary>P*Q</summary>
    public int Columns => throw new NotImplementedException();
    /// <summary>Row in the padded image of element (k, j), Rows x Columns: the original's i.</summary>
    public ReadOnlySpan<int> I => throw new NotImplementedException();
    /// <summary>Column in the padded image, Rows x Columns: the original's j.</summary>
    public ReadOnlySpan<int> J => throw new NotImplementedException();
    /// <summary>Channel, one a row: the original's d.</summary>
    public ReadOnlySpan<int> D => throw new NotImplementedException();
}

/// <summary>Element (row, j) of image n of the columns is at row*Ld + n*ImageStride + j.</summary>
public readonly record struct ColumnLayout(nint Ld, nint ImageStride)
{
    /// <summary>C R S x (N P Q): the original's.</summary>
    public static ColumnLayout Concatenated(IndexTable table, int batch) => throw new NotImplementedException();
    /// <summary>N x C R S x (P Q): PyTorch's unfold.</summary>
    public static ColumnLayout PerImage(IndexTable table) => throw new NotImplementedException();
}

public static class Im2Col
{
    /// <summary>NCHW image(s) to columns.</summary>
    public static void Unfold<T>(IndexTable table, int batch, ReadOnlySpan<T> x, Span<T> columns, ColumnLayout layout, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
}

public static class Col2Im
{
    /// <summary>Scatter-add: x (overwritten) = sum of the columns at each pixel, ascending (r, s).</summary>
    public static void Fold<T>(IndexTable table, int batch, ReadOnlySpan<T> columns, ColumnLayout layout, Span<T> x, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
}

