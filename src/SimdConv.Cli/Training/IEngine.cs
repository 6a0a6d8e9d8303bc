using System.Numerics;

namespace SimdConv.Cli.Training;

/// <summary>
/// Who computes LeNet-5's layers. Matrices are row-major, one image a row; a dense layer's weights are (out, in).
/// </summary>
internal interface IEngine<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Notes a convolution's new weights, which the next calls use.</summary>
    void SetFilter(int conv, ReadOnlySpan<T> weights);

    /// <summary>y = scale * tanh(x * weights + bias).</summary>
    void ConvForward(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> bias, Span<T> y);

    void ConvInputGradient(int conv, int batch, ReadOnlySpan<T> dy, Span<T> dx);

    void ConvWeightGradient(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db);

    void PoolForward(int pool, int batch, ReadOnlySpan<T> x, Span<T> y);

    void PoolBackward(int pool, int batch, ReadOnlySpan<T> dy, Span<T> dx);

    /// <summary>C = op(A) * op(B) + beta * C, all contiguous.</summary>
    void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, T beta, Span<T> c);

    /// <summary>x = scale * tanh(x), in place.</summary>
    void Tanh(Span<T> x);

    /// <summary>dy becomes the gradient of what y = scale * tanh(x) was computed from, in place.</summary>
    void TanhGradient(ReadOnlySpan<T> y, Span<T> dy);
}
