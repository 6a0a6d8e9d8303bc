using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>Pooling by the library.</summary>
internal sealed class PoolStep<T>(PoolLayer layer, int width, Execution execution) : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Pool2DPlan<T> plan =
        new(layer.Shape, layer.Kind, layer.Input.Layout(width), layer.Output.Layout(width));

    public override int NoteBytes => layer.Kind == PoolKind.Max ? checked((int)plan.WinnerBytes(width)) : 0;

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes)
    {
        if (notes.IsEmpty)
            plan.Forward(images, x, y, execution);
        else
            plan.Forward(images, x, y, notes, execution);
    }

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx)
    {
        if (layer.Kind == PoolKind.Max)
            plan.Backward(images, dy, notes, dx, execution);
        else
            plan.Backward(images, dy, dx, execution);
    }
}
