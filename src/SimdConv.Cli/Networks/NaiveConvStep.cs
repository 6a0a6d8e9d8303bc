using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Networks;

/// <summary>A convolution by plain loops.</summary>
internal sealed class NaiveConvStep<T>(
    Engine<T> engine, ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias) : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Conv2DShape shape = layer.Shape;
    private readonly ImageLayout input = layer.Input.Layout(width), output = layer.Output.Layout(width);

    public override string Algorithm => "direct";

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes)
    {
        ReferenceConv2D.Forward(shape, images, x, weights.Span, bias.Span, y, input, output);
        for (int row = 0; row < layer.Output.Elements && layer.Activation.Kind != Activation.None; row++)
        {
            Span<T> values = y.Slice(row * width, images);
            engine.Activate(layer.Activation, values, values, threads: 1);
        }
    }

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx) =>
        ReferenceConv2D.InputGradient(shape, images, dy, weights.Span, dx, T.Zero, input, output);

    public override void WeightGradient(int images, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db) =>
        ReferenceConv2D.WeightGradient(shape, images, x, dy, dw, db, T.Zero, input, output);
}
