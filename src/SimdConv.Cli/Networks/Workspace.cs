namespace SimdConv.Cli.Networks;

/// <summary>What one thread needs to run a part of a batch through a network and back.</summary>
/// <param name="sizes">Elements of each value, 0 for one that is kept elsewhere.</param>
/// <param name="noteBytes">Bytes that each layer notes on its way forward.</param>
internal sealed class Workspace<T>(int[] sizes, int[] noteBytes)
{
    public T[][] Values { get; } = [.. sizes.Select(size => new T[size])];

    public byte[][] Notes { get; } = [.. noteBytes.Select(bytes => new byte[bytes])];

    private readonly T[][] gradients =
        [.. Enumerable.Range(0, 2).Select(odd => new T[sizes.Where((_, i) => i % 2 == odd).Max()])];

    /// <summary>
    /// The gradient of a value. It takes the place of that of the value two layers on: no layer needs more than what it reads and
    /// gives.
    /// </summary>
    public Span<T> Gradient(int value) => gradients[value % 2].AsSpan(0, sizes[value]);
}
