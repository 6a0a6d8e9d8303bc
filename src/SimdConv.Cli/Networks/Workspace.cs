namespace SimdConv.Cli.Networks;

/// <summary>What one thread needs to run a part of a batch through a network and back.</summary>
/// <param name="sizes">Elements of each value, 0 for one that is kept elsewhere.</param>
/// <param name="noteBytes">Bytes that each layer notes on its way forward.</param>
internal sealed class Workspace<T>(int[] sizes, int[] noteBytes)
{
    public T[][] Values { get; } = [.. sizes.Select(size => new T[size])];

    /// <summary>The gradients of every other value: no layer needs more than what it reads and gives.</summary>
    public T[][] Gradients { get; } =
        [.. Enumerable.Range(0, 2).Select(odd => new T[sizes.Where((_, i) => i % 2 == odd).Max()])];

    public byte[][] Notes { get; } = [.. noteBytes.Select(bytes => new byte[bytes])];
}
