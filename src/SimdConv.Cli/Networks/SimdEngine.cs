using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>Layers by SimdConv, images innermost.</summary>
/// <param name="execution">Threads and tier.</param>
/// <param name="useWinograd">Whether convolutions that it suits are computed by Winograd's algorithm.</param>
internal sealed class SimdEngine<T>(Execution execution, bool useWinograd) : Engine<T>("simd", execution)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, int lda, ReadOnlySpan<T> b, int ldb,
        Span<T> c, int ldc, int threads, ReadOnlySpan<T> bias = default, LayerActivation activation = default) =>
        Gemm.Multiply(transA, transB, m, n, k, T.One, a, lda, b, ldb, T.Zero, c, ldc, On(threads),
            new GemmEpilogue<T> { RowBias = bias, Activation = activation.Kind, Scale = T.CreateTruncating(activation.Scale) });

    public override void Activate(LayerActivation activation, ReadOnlySpan<T> x, Span<T> y, int threads)
    {
        if (activation.Kind == Activation.Relu)
            Elementwise.Relu(x, y, On(threads));
        else
            Elementwise.Tanh(x, y, T.CreateTruncating(activation.Scale), On(threads));
    }

    public override void ActivationGradient(LayerActivation activation, ReadOnlySpan<T> y, Span<T> dy, int threads)
    {
        if (activation.Kind == Activation.Relu)
            Elementwise.ReluGradient(y, dy, dy, On(threads));
        else
            Elementwise.TanhGradient(y, dy, dy, T.CreateTruncating(activation.Scale), On(threads));
    }

    protected override Step<T> Convolution(
        ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, bool needsInput, int threads) =>
        new ConvStep<T>(layer, width, weights, bias, needsInput, useWinograd, On(threads));

    protected override Step<T> Pooling(PoolLayer layer, int width, int threads) => new PoolStep<T>(layer, width, On(threads));

    private Execution On(int threads) => Execution with { MaxThreads = threads };
}
