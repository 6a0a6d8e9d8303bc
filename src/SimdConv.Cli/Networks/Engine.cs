using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>Who computes layers: one of several ways, which give equal results but for rounding.</summary>
/// <param name="name">As <c>--engine</c> calls it.</param>
/// <param name="execution">Threads and tier.</param>
internal abstract class Engine<T>(string name, Execution execution)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public string Name => name;

    public Execution Execution { get; } = execution with { MaxThreads = Math.Max(1, execution.MaxThreads) };

    /// <summary>The most images that a part of a batch should have.</summary>
    public virtual int PartImages(NetworkPlan plan)
    {
        // What a convolution behind another layer reads is read for each of its taps and outputs: it should fit in the second
        // level of caches with room to spare. Fewer images would leave lanes empty.
        const int bytes = 640 << 10, least = 16;
        int most = plan.Layers.OfType<ConvLayer>().Where(layer => layer != plan.Layers[0]).Select(layer => layer.Input.Elements)
            .DefaultIfEmpty(1).Max();
        return Math.Max(least, bytes / (typeof(T) == typeof(double) ? 8 : 4) / most);
    }

    /// <summary>A layer's step.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="width">The images that its values have room for: elements from one pixel to the next.</param>
    /// <param name="parameters">All parameters of the network, as they are at each call.</param>
    /// <param name="needsInput">Whether the gradient of what the layer reads is needed.</param>
    /// <param name="threads">Threads that share a call.</param>
    public Step<T> Create(Layer layer, int width, ReadOnlyMemory<T> parameters, bool needsInput, int threads)
    {
        ReadOnlyMemory<T> weights = parameters.Slice(layer.Weights.Start, layer.Weights.Count);
        ReadOnlyMemory<T> bias = parameters.Slice(layer.Biases.Start, layer.Biases.Count);
        return layer switch
        {
            ConvLayer conv => Convolution(conv, width, weights, bias, needsInput, threads),
            PoolLayer pool => Pooling(pool, width, threads),
            DenseLayer dense => new DenseStep<T>(this, dense, width, weights, bias, threads),
            _ => new ActivationStep<T>(this, layer, threads),
        };
    }

    /// <summary>
    /// C = op(A) * op(B), row-major; then, if there is a bias, an element of it is added to each row and the activation applied.
    /// </summary>
    public abstract void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, int lda, ReadOnlySpan<T> b, int ldb,
        Span<T> c, int ldc, int threads, ReadOnlySpan<T> bias = default, LayerActivation activation = default);

    /// <summary>y = activation(x); both may be the same.</summary>
    public abstract void Activate(LayerActivation activation, ReadOnlySpan<T> x, Span<T> y, int threads);

    /// <summary>dy becomes the gradient of what y = activation(x) was computed from, in place.</summary>
    public abstract void ActivationGradient(LayerActivation activation, ReadOnlySpan<T> y, Span<T> dy, int threads);

    protected abstract Step<T> Convolution(
        ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, bool needsInput, int threads);

    protected abstract Step<T> Pooling(PoolLayer layer, int width, int threads);
}
