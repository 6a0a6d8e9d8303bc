using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>
/// A layer as an engine runs it, over images innermost: [channel][row][column][image]. Steps may be run by several threads at
/// once, except for <see cref="Refresh"/>.
/// </summary>
internal abstract class Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Bytes that the forward pass of a part of the batch notes for the way back.</summary>
    public virtual int NoteBytes => 0;

    /// <summary>How sums are computed, for people; empty for a layer without weights.</summary>
    public virtual string Algorithm => "";

    /// <summary>Says that the weights have changed; the next calls use the new ones.</summary>
    public virtual void Refresh()
    {
    }

    /// <summary>y = activation(layer(x)).</summary>
    public abstract void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes);

    /// <summary>dx, from the gradient of the layer's sums.</summary>
    public abstract void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx);

    /// <summary>The gradients of weights and biases, from that of the layer's sums.</summary>
    public virtual void WeightGradient(int images, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db)
    {
    }
}
