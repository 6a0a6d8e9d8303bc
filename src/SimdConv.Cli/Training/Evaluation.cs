using System.Globalization;
using System.Runtime.InteropServices;
using SimdConv.Cli.Data;
using SimdConv.Cli.Distributed;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Training;

/// <summary>
/// Scores a network on a set without training. Images are taken in blocks of a fixed number, which ranks share; the sums of
/// blocks are added in ascending order, so that the score depends neither on ranks nor on the network's batches.
/// </summary>
/// <param name="Images">Images of the whole set.</param>
/// <param name="Exchange">The ranks.</param>
internal sealed record Evaluation(int Images, IExchange Exchange)
{
    private const int BlockImages = 500;

    /// <summary>The first image of this rank.</summary>
    public int FirstImage => FirstOf(Exchange.Rank);

    /// <summary>Behind its last one.</summary>
    public int EndImage => FirstOf(Exchange.Rank + 1);

    private int Blocks => (Images + BlockImages - 1) / BlockImages;

    /// <summary>The score of a set that this process has as a whole; <paramref name="predictions"/> takes its classes, unless
    /// empty.</summary>
    /// <exception cref="InputException">A logit is NaN or infinite, so that the net recognises nothing.</exception>
    public static Score Of(INetwork<float> net, DigitSet set, Span<byte> predictions = default)
    {
        using LoneExchange alone = new();
        return new Evaluation(set.Count, alone).Run(net, set, predictions);
    }

    /// <summary>The score of the whole set, the same on every rank.</summary>
    /// <param name="net">The network.</param>
    /// <param name="mine">The images from <see cref="FirstImage"/> to <see cref="EndImage"/>.</param>
    /// <param name="predictions">Takes the classes of these images, unless empty.</param>
    /// <exception cref="InputException">A logit is NaN or infinite, on whichever rank.</exception>
    public Score Run(INetwork<float> net, DigitSet mine, Span<byte> predictions = default)
    {
        int[] blocks = [.. Enumerable.Range(0, Exchange.Ranks).Select(rank => BlockOf(rank + 1) - BlockOf(rank))];
        BlockScore[] scores = new BlockScore[blocks[Exchange.Rank]], all = new BlockScore[Blocks];
        int bytes = Marshal.SizeOf<BlockScore>();
        for (int i = 0; i < scores.Length; i++)
        {
            int start = i * BlockImages, count = Math.Min(BlockImages, mine.Count - start);
            scores[i] = RunBlock(net, mine.Slice(start, count), FirstImage + start,
                predictions.IsEmpty ? default : predictions.Slice(start, count));
            if (scores[i].IsSpoilt)
                break;
        }

        Exchange.Gather(MemoryMarshal.AsBytes<BlockScore>(scores), MemoryMarshal.AsBytes(all.AsSpan()),
            [.. blocks.Select(count => count * bytes)]);
        double loss = 0;
        long correct = 0;
        foreach (BlockScore block in all)
        {
            if (block.IsSpoilt)
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"the weights are too large: logit {block.Class} of image {block.Image} is {block.Loss}; ")
                    + "expected finite numbers.");
            }

            (loss, correct) = (loss + block.Loss, correct + block.Correct);
        }

        return new Score(loss / Images, (double)correct / Images);
    }

    private static BlockScore RunBlock(INetwork<float> net, DigitSet block, int firstImage, Span<byte> predictions)
    {
        double loss = 0;
        int correct = 0, classes = net.Plan.Classes;
        for (int start = 0; start < block.Count; start += net.MaxBatch)
        {
            DigitSet part = block.Slice(start, Math.Min(net.MaxBatch, block.Count - start));
            ReadOnlySpan<float> logits = net.Forward(part.Count, part.Images);
            for (int i = 0; i < part.Count; i++)
            {
                ReadOnlySpan<float> row = logits.Slice(i * classes, classes);
                for (int k = 0; k < classes; k++)
                {
                    if (!float.IsFinite(row[k]))
                        return new BlockScore(row[k], 0, firstImage + start + i, k);
                }

                int label = part.Labels.Span[i], guess = SoftmaxCrossEntropy.IndexOfLargest(row);
                loss += SoftmaxCrossEntropy.Loss(row, label);
                correct += guess == label ? 1 : 0;
                if (!predictions.IsEmpty)
                    predictions[start + i] = (byte)guess;
            }
        }

        return new BlockScore(loss, correct, Image: -1, Class: -1);
    }

    private int BlockOf(int rank) => (int)((long)Blocks * rank / Exchange.Ranks);

    private int FirstOf(int rank) => Math.Min(Images, BlockOf(rank) * BlockImages);

    /// <summary>What a block's images give: or the first logit among them that is no finite number, with its place.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct BlockScore(double Loss, int Correct, int Image, int Class)
    {
        // The default one is that of a block behind a spoilt one.
        public bool IsSpoilt => Image >= 0 && !double.IsFinite(Loss);
    }
}
