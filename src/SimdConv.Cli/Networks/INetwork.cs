using System.Numerics;
using SimdConv.Cli.Distributed;

namespace SimdConv.Cli.Networks;

/// <summary>A network that can be trained and asked.</summary>
internal interface INetwork<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    NetworkPlan Plan { get; }

    int MaxBatch { get; }

    ReadOnlySpan<T> Parameters { get; }

    /// <summary>The parameters to change: the next batch sees what was written.</summary>
    Span<T> EditParameters();

    /// <summary>The logits of a batch of images that lie one after the other, one a class for each image.</summary>
    ReadOnlySpan<T> Forward(int batch, ReadOnlyMemory<T> images);

    /// <summary>Runs shards of a batch in both directions.</summary>
    /// <param name="images">Those of the shards, one after the other.</param>
    /// <param name="labels">Their classes.</param>
    /// <param name="counts">Images of each shard; no more shards, and no more images each, than the network has room for.</param>
    /// <param name="batch">Images of the whole batch, over which the loss is averaged.</param>
    /// <param name="shardScores">Takes what each shard says of its images.</param>
    /// <returns>For each shard the gradient of the batch's mean loss with respect to the parameters, one after the
    /// other.</returns>
    Span<T> Differentiate(ReadOnlyMemory<T> images, ReadOnlyMemory<byte> labels, ReadOnlySpan<int> counts, int batch,
        Span<ShardScore> shardScores);
}
