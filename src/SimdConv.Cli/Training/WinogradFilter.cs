using System.Numerics;

namespace SimdConv.Cli.Training;

/// <summary>
/// 5x5 filters as the points of <see cref="Winograd5x5{T}"/>, or the gradients with respect to both: [point][output][channel].
/// </summary>
internal sealed unsafe class WinogradFilter<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Tile = Winograd5x5<T>.Tile, Taps = 5;

    private readonly int filters;
    private readonly AlignedBuffer<T> points, halves, taps;

    public WinogradFilter(Conv2DShape shape)
    {
        filters = shape.K * shape.C;
        Pitch = (filters + Vector<T>.Count - 1) / Vector<T>.Count * Vector<T>.Count;
        (points, halves, taps) = (new(Winograd5x5<T>.Points * Pitch), new(Tile * Taps * Pitch), new(Taps * Taps * Pitch));
    }

    public T* Points => points.First;

    /// <summary>From one point to the next.</summary>
    public int Pitch { get; }

    /// <summary>U = G g G^T.</summary>
    public void SetWeights(ReadOnlySpan<T> weights)
    {
        Interleaved.Gather(weights, Taps * Taps, filters, new Span<T>(taps.First, Taps * Taps * Pitch), Pitch);
        for (int at = 0; at < Pitch; at += Vector<T>.Count)
        {
            for (int s = 0; s < Taps; s++)
                Winograd5x5<T>.Filter(taps.First + (s * Pitch) + at, Taps * Pitch, halves.First + (s * Pitch) + at, Taps * Pitch);
            for (int r = 0; r < Tile; r++)
                Winograd5x5<T>.Filter(halves.First + (r * Taps * Pitch) + at, Pitch, Points + (r * Tile * Pitch) + at, Pitch);
        }
    }

    /// <summary>G^T U G, where U is the gradient with respect to the points.</summary>
    public void WeightGradient(Span<T> dw)
    {
        for (int at = 0; at < Pitch; at += Vector<T>.Count)
        {
            for (int r = 0; r < Tile; r++)
                Winograd5x5<T>.FilterGradient(
                    Points + (r * Tile * Pitch) + at, Pitch, halves.First + (r * Taps * Pitch) + at, Pitch);
            for (int s = 0; s < Taps; s++)
                Winograd5x5<T>.FilterGradient(
                    halves.First + (s * Pitch) + at, Taps * Pitch, taps.First + (s * Pitch) + at, Taps * Pitch);
        }

        Interleaved.Scatter(new ReadOnlySpan<T>(taps.First, Taps * Taps * Pitch), Pitch, Taps * Taps, filters, dw);
    }
}
