using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>A dense layer: a product of its weights with a matrix of one image a column.</summary>
internal sealed class DenseStep<T> : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Engine<T> engine;
    private readonly DenseLayer layer;
    private readonly int width, threads;
    private readonly ReadOnlyMemory<T> weights, bias;
    private readonly int inputs, outputs;

    public DenseStep(Engine<T> engine, DenseLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias,
        int threads)
    {
        (this.engine, this.layer, this.width, this.weights, this.bias) = (engine, layer, width, weights, bias);
        this.threads = threads;
        (inputs, outputs) = (layer.Input.Elements, layer.Output.Elements);
    }

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes) =>
        engine.Multiply(Transpose.No, Transpose.No, outputs, images, inputs, weights.Span, inputs, x, width, y,
            width, threads, bias.Span, layer.Activation);

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx) =>
        engine.Multiply(Transpose.Yes, Transpose.No, inputs, images, outputs, weights.Span, inputs, dy, width, dx,
            width, threads);

    /// <summary>
    /// The gradients of weights and biases over all images of a shard, which makes the products longer.
    /// </summary>
    /// <param name="images">Images.</param>
    /// <param name="pitch">Elements from one row of x and dy to the next.</param>
    /// <param name="x">A row an input, a column an image.</param>
    /// <param name="dy">A row an output.</param>
    /// <param name="ones">As many ones as there are images.</param>
    /// <param name="dw">Takes the weights' gradient.</param>
    /// <param name="db">Takes the biases' gradient.</param>
    /// <param name="share">Threads that share the product.</param>
    public void BatchGradient(int images, int pitch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, ReadOnlySpan<T> ones, Span<T> dw,
        Span<T> db, int share)
    {
        engine.Multiply(Transpose.No, Transpose.Yes, outputs, inputs, images, dy, pitch, x, pitch, dw, inputs, share);
        engine.Multiply(Transpose.No, Transpose.No, outputs, 1, images, dy, pitch, ones, 1, db, 1, threads: 1);
    }
}
