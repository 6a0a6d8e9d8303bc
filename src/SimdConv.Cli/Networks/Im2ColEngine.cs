using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>
/// Convolutions as programs on top of a matrix product compute them, and pooling by plain loops; dense layers and activations are
/// the library's.
/// </summary>
internal sealed class Im2ColEngine<T>(Execution execution) : Engine<T>("im2col", execution)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SimdEngine<T> simd = new(execution, useWinograd: false);

    public override void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, int lda, ReadOnlySpan<T> b, int ldb,
        Span<T> c, int ldc, int threads, ReadOnlySpan<T> bias = default, LayerActivation activation = default) =>
        simd.Multiply(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, threads, bias, activation);

    public override void Activate(LayerActivation activation, ReadOnlySpan<T> x, Span<T> y, int threads) =>
        simd.Activate(activation, x, y, threads);

    public override void ActivationGradient(LayerActivation activation, ReadOnlySpan<T> y, Span<T> dy, int threads) =>
        simd.ActivationGradient(activation, y, dy, threads);

    protected override Step<T> Convolution(
        ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, bool needsInput, int threads) =>
        new Im2ColStep<T>(this, layer, width, weights, bias, Execution with { MaxThreads = threads });

    protected override Step<T> Pooling(PoolLayer layer, int width, int threads) => new NaivePoolStep<T>(layer, width);
}
