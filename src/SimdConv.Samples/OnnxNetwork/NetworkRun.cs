using System.Runtime.InteropServices;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>What one caller at a time needs to run a network: the memory of its activations. Callers that run at once have one
/// each, and share the network's weights.</summary>
public sealed class NetworkRun
{
    private const int Line = 64;

    private readonly Network network;
    private readonly Execution execution;
    private readonly float[] memory;
    private readonly int start;

    internal NetworkRun(Network network, int mostImages, Execution execution)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mostImages);
        (this.network, this.execution, MostImages) = (network, execution, mostImages);

        // Pinned, so that it may begin at a cache line.
        memory = GC.AllocateUninitializedArray<float>(
            checked((int)(network.ActivationBytes(mostImages) / sizeof(float)) + (Line / sizeof(float))), pinned: true);
        long address = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0);
        start = (int)((Line - (address % Line)) % Line / sizeof(float));
    }

    /// <summary>The largest batch.</summary>
    public int MostImages { get; }

    /// <summary>Computes the results of a batch.</summary>
    /// <param name="batch">Images, at most <see cref="MostImages"/>.</param>
    /// <param name="images">[image][channel][row][column].</param>
    /// <param name="results">[image][channel][row][column], or rows of features; overwritten.</param>
    /// <exception cref="ArgumentOutOfRangeException">The batch is negative or too large.</exception>
    /// <exception cref="ArgumentException">A span has another length than the batch needs.</exception>
    public void Run(int batch, ReadOnlySpan<float> images, Span<float> results) => network.Run(CallOf(batch, images, results));

    /// <inheritdoc cref="Run(int, ReadOnlySpan{float}, Span{float})"/>
    /// <param name="batch">Images, at most <see cref="MostImages"/>.</param>
    /// <param name="images">[image][channel][row][column].</param>
    /// <param name="results">[image][channel][row][column], or rows of features; overwritten.</param>
    /// <param name="ticks">Takes each step's time, in ticks of Stopwatch, on top of what it holds.</param>
    public void Run(int batch, ReadOnlySpan<float> images, Span<float> results, Span<long> ticks)
    {
        if (ticks.Length != network.StepCount)
        {
            throw new ArgumentException(
                $"ticks has {ticks.Length} elements; expected {network.StepCount}, one a step.", nameof(ticks));
        }

        network.Run(CallOf(batch, images, results), ticks);
    }

    private Call CallOf(int batch, ReadOnlySpan<float> images, Span<float> results)
    {
        if (batch < 0 || batch > MostImages)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, $"Expected 0 to {MostImages}.");
        long expected = (long)network.Channels * network.Height * network.Width * batch;
        if (images.Length != expected)
            throw new ArgumentException($"images has {images.Length} elements; expected {expected}.", nameof(images));
        if (results.Length != (long)network.Results * batch)
        {
            throw new ArgumentException(
                $"results has {results.Length} elements; expected {(long)network.Results * batch}.", nameof(results));
        }

        return new Call(batch, images, results, memory.AsSpan(start), execution);
    }
}
