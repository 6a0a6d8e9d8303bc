#pragma warning disable IDE0060, CA1822, IDE0052, CS1591, CS9113
namespace SimdConv;

public enum ConvDirection { Forward, InputGradient, WeightGradient }

[Flags]
public enum FilterUse { Forward = 1, InputGradient = 2, Both = 3 }

public enum Activation { None, Relu, Tanh }

/// <summary>What follows the last term of a convolution: bias (K elements or empty), activation; Scale multiplies tanh.</summary>
public readonly ref struct Epilogue<T>
{
    public ReadOnlySpan<T> Bias { get; init; }
    public Activation Activation { get; init; }
    /// <summary>null = 1: y = Scale * tanh(x).</summary>
    public T? Scale { get; init; }
}

/// <summary>Terms run ascending (n, p, q). The N*P output rows are split in Chunks contiguous ranges [i*N*P/Chunks, (i+1)*N*P/Chunks);
/// inside one, column q belongs to lane q mod Lanes. Lanes are added as l and l + Lanes/2, and so on; chunks as (0+1)+(2+3)...</summary>
public readonly record struct ReductionOrder(int Chunks, int Lanes);

public sealed class PackedFilter<T> { public SimdTier Tier => throw new NotImplementedException(); public FilterUse Use => throw new NotImplementedException(); }

public sealed class Conv2DPlan<T> where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
{
    public Conv2DPlan(Conv2DShape shape, ImageLayout? input = null, ImageLayout? output = null) => throw new NotImplementedException();
    public Conv2DShape Shape => throw new NotImplementedException();
    public ImageLayout InputLayout => throw new NotImplementedException();
    public ImageLayout OutputLayout => throw new NotImplementedException();
    /// <summary>Elements from first to last of x (or dx) for a batch</summary>
    public long InputLength(int batch) => throw new NotImplementedException();
    public long OutputLength(int batch) => throw new NotImplementedException();
    public PackedFilter<T> Pack(ReadOnlySpan<T> weights, FilterUse use = FilterUse.Forward, SimdTier? tier = null) => throw new NotImplementedException();
    public void Repack(ReadOnlySpan<T> weights, PackedFilter<T> into) => throw new NotImplementedException();
    public void Forward(int batch, ReadOnlySpan<T> x, PackedFilter<T> filter, Span<T> y, Epilogue<T> epilogue = default, Execution execution = default) => throw new NotImplementedException();
    public void Forward(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> weights, Span<T> y, Epilogue<T> epilogue = default, Execution execution = default) => throw new NotImplementedException();
    public void InputGradient(int batch, ReadOnlySpan<T> dy, PackedFilter<T> filter, Span<T> dx, T beta = default, Execution execution = default) => throw new NotImplementedException();
    public void InputGradient(int batch, ReadOnlySpan<T> dy, ReadOnlySpan<T> weights, Span<T> dx, T beta = default, Execution execution = default) => throw new NotImplementedException();
    /// <summary>dw = beta*dw + gradient; db (K elements, or empty to leave out) likewise.</summary>
    public void WeightGradient(int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db = default, T beta = default, Execution execution = default) => throw new NotImplementedException();
    public void BiasGradient(int batch, ReadOnlySpan<T> dy, Span<T> db, T beta = default, Execution execution = default) => throw new NotImplementedException();
    public ReductionOrder ReductionOrder(int batch) => throw new NotImplementedException();
    public long WorkspaceBytes(ConvDirection direction, int batch, Execution execution = default) => throw new NotImplementedException();
    public string Algorithm(ConvDirection direction, Execution execution = default) => throw new NotImplementedException();
}

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

/// <summary>In place (output span == first input span) is allowed; any other overlap is refused. y sets the length.</summary>
public static class Elementwise
{
    /// <summary>y = scale * tanh(x).</summary>
    public static void Tanh<T>(ReadOnlySpan<T> x, Span<T> y, T scale, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
    /// <summary>dx = dy * (scale - y*y/scale), y = scale * tanh(x).</summary>
    public static void TanhGradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, T scale, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
    /// <summary>y = max(x, 0), NaN stays NaN.</summary>
    public static void Relu<T>(ReadOnlySpan<T> x, Span<T> y, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
    /// <summary>dx = y > 0 ? dy : 0.</summary>
    public static void ReluGradient<T>(ReadOnlySpan<T> y, ReadOnlySpan<T> dy, Span<T> dx, Execution execution = default)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => throw new NotImplementedException();
}
