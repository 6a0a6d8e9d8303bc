using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Networks;

/// <summary>Layers by plain scalar loops on one thread: what the library's speed is compared with.</summary>
internal sealed class NaiveEngine<T>() : Engine<T>("naive", new Execution(1, null, SimdTier.Scalar))
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One: rows are contiguous, as plain loops like them.</summary>
    public override int PartImages(NetworkPlan plan) => 1;

    public override void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, int lda, ReadOnlySpan<T> b, int ldb,
        Span<T> c, int ldc, int threads, ReadOnlySpan<T> bias = default, LayerActivation activation = default)
    {
        for (int i = 0; i < m && !bias.IsEmpty; i++)
            c.Slice(i * ldc, n).Fill(bias[i]);
        ReferenceGemm.Multiply(
            transA, transB, m, n, k, T.One, a, lda, b, ldb, bias.IsEmpty ? T.Zero : T.One, c, ldc);
        for (int i = 0; i < m && activation.Kind != Activation.None; i++)
            Activate(activation, c.Slice(i * ldc, n), c.Slice(i * ldc, n), threads);
    }

    public override void Activate(LayerActivation activation, ReadOnlySpan<T> x, Span<T> y, int threads)
    {
        T scale = T.CreateTruncating(activation.Scale);
        for (int i = 0; i < y.Length; i++)
        {
            y[i] = activation.Kind == Activation.Tanh ? scale * T.Tanh(x[i])
                : activation.Kind == Activation.Relu && !(x[i] > T.Zero) ? T.Zero : x[i];
        }
    }

    public override void ActivationGradient(LayerActivation activation, ReadOnlySpan<T> y, Span<T> dy, int threads)
    {
        T scale = T.CreateTruncating(activation.Scale);
        for (int i = 0; i < dy.Length; i++)
            dy[i] *= activation.Kind == Activation.Tanh ? scale - (y[i] * y[i] / scale) : y[i] > T.Zero ? T.One : T.Zero;
    }

    protected override Step<T> Convolution(
        ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, bool needsInput, int threads) =>
        new NaiveConvStep<T>(this, layer, width, weights, bias);

    protected override Step<T> Pooling(PoolLayer layer, int width, int threads) => new NaivePoolStep<T>(layer, width);
}
