using System.Numerics;

namespace SimdConv.Cli.Distributed;

/// <summary>
/// How training images and batches are cut in shards, and who computes which: functions of the numbers of images, of images a
/// batch, of shards and of ranks alone. Each shard has a part of its own of the images, contiguous in the file, and in each batch
/// takes a share of its part, as if images were dealt to shards one by one.
/// </summary>
/// <param name="Shards">Parts of a batch whose gradients are added by a fixed tree.</param>
/// <param name="Images">Images to train on.</param>
/// <param name="Batch">Images a step.</param>
/// <param name="Rank">The process in question.</param>
/// <param name="Ranks">How many there are.</param>
internal sealed record ShardCut(int Shards, int Images, int Batch, int Rank = 0, int Ranks = 1)
{
    private const int Most = 16, LeastImages = 16;

    /// <summary>The first shard that the rank computes.</summary>
    public int First => FirstOf(Rank);

    /// <summary>Behind its last shard.</summary>
    public int End => FirstOf(Rank + 1);

    public int Count => End - First;

    /// <summary>The first training image that the rank reads.</summary>
    public int FirstImage => Start(First);

    /// <summary>Behind its last one.</summary>
    public int EndImage => Start(End);

    /// <summary>The most images that the rank has of a batch.</summary>
    public int MostImages => Count * ((Batch + Shards - 1) / Shards);

    /// <summary>
    /// The shards of a batch where no number is given: the largest power of two up to 16 that leaves each 16 images, which fill
    /// the registers.
    /// </summary>
    public static int DefaultShards(int batch) =>
        (int)Math.Min(Most, BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, batch / LeastImages) + 1) / 2);

    /// <summary>The first shard of a rank; of ranks behind the last one, the number of shards.</summary>
    public int FirstOf(int rank) => (int)((long)Shards * rank / Ranks);

    /// <summary>The first image of a shard's part.</summary>
    public int Start(int shard) => (shard * (Images / Shards)) + Math.Min(shard, Images % Shards);

    /// <summary>How many images of its part a shard has taken when so many images have been dealt to all shards.</summary>
    public int Taken(int shard, int dealt) => (dealt + Shards - 1 - shard) / Shards;
}
