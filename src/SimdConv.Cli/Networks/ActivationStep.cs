using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>An activation on its own; the network turns gradients around before it asks for those of the input.</summary>
internal sealed class ActivationStep<T>(Engine<T> engine, Layer layer, int threads) : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes) =>
        engine.Activate(layer.Activation, x, y, threads);

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx) =>
        dy.CopyTo(dx);
}
