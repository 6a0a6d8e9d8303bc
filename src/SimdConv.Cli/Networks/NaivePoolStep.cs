using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Reference;

namespace SimdConv.Cli.Networks;

/// <summary>Pooling by plain loops; the notes are the places of winners, an integer each.</summary>
internal sealed class NaivePoolStep<T>(PoolLayer layer, int width) : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ImageLayout input = layer.Input.Layout(width), output = layer.Output.Layout(width);

    public override int NoteBytes => layer.Kind == PoolKind.Max ? checked(4 * layer.Output.Elements * width) : 0;

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes) =>
        ReferencePool2D.Forward(layer.Shape, layer.Kind, images, x, y, Used(MemoryMarshal.Cast<byte, int>(notes), images), input,
            output);

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx)
    {
        ReadOnlySpan<int> winners = MemoryMarshal.Cast<byte, int>(notes);
        if (!winners.IsEmpty)
            winners = winners[..(images * layer.Output.Elements)];
        ReferencePool2D.Backward(layer.Shape, layer.Kind, images, dy, winners, dx, input, output);
    }

    private Span<int> Used(Span<int> winners, int images) =>
        winners.IsEmpty ? winners : winners[..(images * layer.Output.Elements)];
}
