using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>An activation on its own; the network turns gradients around before it asks for those of the input.</summary>
internal sealed class ActivationStep<T>(Engine<T> engine, Layer layer, Place place) : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes)
    {
        for (int row = 0; row < layer.Input.Elements; row++)
            engine.Activate(layer.Activation, x.Slice(row * place.Input, images), y.Slice(row * place.Output, images));
    }

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx)
    {
        for (int row = 0; row < layer.Input.Elements; row++)
            dy.Slice(row * place.Output, images).CopyTo(dx.Slice(row * place.Input, images));
    }
}
