using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>A dense layer: a product of its weights with a matrix of one image a column.</summary>
internal sealed class DenseStep<T> : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Engine<T> engine;
    private readonly DenseLayer layer;
    private readonly Place place;
    private readonly ReadOnlyMemory<T> weights, bias;
    private readonly int inputs, outputs;
    private readonly T[] ones;

    public DenseStep(Engine<T> engine, DenseLayer layer, Place place, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias)
    {
        (this.engine, this.layer, this.place, this.weights, this.bias) = (engine, layer, place, weights, bias);
        (inputs, outputs) = (layer.Input.Elements, layer.Output.Elements);
        ones = new T[place.Output];
        ones.AsSpan().Fill(T.One);
    }

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes) =>
        engine.Multiply(Transpose.No, Transpose.No, outputs, images, inputs, weights.Span, inputs, x, place.Input, y,
            place.Output, threads: 1, bias.Span, layer.Activation);

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx) =>
        engine.Multiply(Transpose.Yes, Transpose.No, inputs, images, outputs, weights.Span, inputs, dy, place.Output, dx,
            place.Input, threads: 1);

    /// <summary>Of the whole batch, which makes the products longer, on all threads.</summary>
    public override void WeightGradient(int images, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db)
    {
        engine.Multiply(Transpose.No, Transpose.Yes, outputs, inputs, images, dy, place.Output, x, place.Input, dw, inputs,
            engine.Execution.MaxThreads);
        engine.Multiply(Transpose.No, Transpose.No, outputs, 1, images, dy, place.Output, ones, 1, db, 1, threads: 1);
    }
}
