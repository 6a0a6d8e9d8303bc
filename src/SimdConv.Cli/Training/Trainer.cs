using System.Diagnostics;
using System.Globalization;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;

namespace SimdConv.Cli.Training;

/// <summary>Loss and accuracy (0..1) averaged over the images of one pass.</summary>
internal readonly record struct Score(double Loss, double Accuracy);

/// <summary>Trains a network by mini-batches in an order that the seed decides.</summary>
internal sealed class Trainer
{
    private readonly INetwork<float> net;
    private readonly Adam<float> adam;
    private readonly Random64 random;
    private readonly DigitSet train;
    private readonly int batch;
    private readonly int[] order;
    private readonly float[] images;
    private readonly byte[] labels;

    /// <param name="net">The network; a step takes as many images as it has room for.</param>
    /// <param name="train">What to train on.</param>
    /// <param name="seed">Decides the first weights and the order of images.</param>
    public Trainer(INetwork<float> net, DigitSet train, int seed)
    {
        this.net = net;
        this.train = train;
        batch = Math.Min(net.MaxBatch, train.Count);
        random = new Random64((ulong)seed);
        net.Plan.Initialise(net.EditParameters(), random);
        adam = new Adam<float>(net.Plan.ParameterCount);
        order = [.. Enumerable.Range(0, train.Count)];
        images = new float[batch * train.Size.Elements];
        labels = new byte[batch];
    }

    public INetwork<float> Net => net;

    /// <summary>Trains on every image once. The score is of each batch as it was met, before the step it led to.</summary>
    /// <param name="report">Told after each batch the images done so far, the batch's mean loss, and that of all so far.</param>
    /// <param name="cancellation">Ends the epoch between two batches.</param>
    /// <exception cref="OperationCanceledException">The epoch was ended.</exception>
    /// <exception cref="InputException">A loss or a parameter is no longer a finite number.</exception>
    public (Score Score, double Seconds) RunEpoch(
        Action<int, double, double>? report = null, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        random.Shuffle(order);
        double loss = 0;
        int correct = 0, done = 0;
        while (done < train.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(batch, train.Count - done);
            Gather(order.AsSpan(done, count));
            (double batchLoss, int batchCorrect) = net.Train(images, labels.AsMemory(0, count), adam);
            if (!double.IsFinite(batchLoss))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"training diverged: the loss of images {done + 1} to {done + count} of the epoch is {batchLoss}; ")
                    + "expected a finite number. Nothing was written.");
            }

            loss += batchLoss;
            correct += batchCorrect;
            done += count;
            report?.Invoke(done, batchLoss / count, loss / done);
        }

        RequireFiniteParameters();
        return (new Score(loss / done, (double)correct / done), Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>After the last step of an epoch no loss would show parameters that aren't finite.</summary>
    private void RequireFiniteParameters()
    {
        ReadOnlySpan<float> parameters = net.Parameters;
        for (int i = 0; i < parameters.Length; i++)
        {
            if (!float.IsFinite(parameters[i]))
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"training diverged: parameter {i} is {parameters[i]}; expected finite numbers. Nothing was written."));
            }
        }
    }

    private void Gather(ReadOnlySpan<int> indices)
    {
        ReadOnlySpan<float> allImages = train.Images.Span;
        ReadOnlySpan<byte> allLabels = train.Labels.Span;
        int pixels = train.Size.Elements;
        for (int i = 0; i < indices.Length; i++)
        {
            allImages.Slice(indices[i] * pixels, pixels).CopyTo(images.AsSpan(i * pixels));
            labels[i] = allLabels[indices[i]];
        }
    }

    /// <summary>
    /// The net's score on a set, without training. <paramref name="predictions"/> takes its classes, unless empty.
    /// </summary>
    /// <exception cref="InputException">A logit is NaN or infinite, so that the net recognises nothing.</exception>
    public static Score Evaluate(INetwork<float> net, DigitSet set, Span<byte> predictions = default)
    {
        double loss = 0;
        int correct = 0, classes = net.Plan.Classes;
        for (int start = 0; start < set.Count; start += net.MaxBatch)
        {
            DigitSet part = set.Slice(start, Math.Min(net.MaxBatch, set.Count - start));
            ReadOnlySpan<float> logits = net.Forward(part.Count, part.Images);
            for (int i = 0; i < part.Count; i++)
            {
                ReadOnlySpan<float> row = logits.Slice(i * classes, classes);
                for (int k = 0; k < classes; k++)
                {
                    if (!float.IsFinite(row[k]))
                    {
                        throw new InputException(string.Create(CultureInfo.InvariantCulture,
                            $"the weights are too large: logit {k} of image {start + i} is {row[k]}; expected finite numbers."));
                    }
                }

                int label = part.Labels.Span[i], guess = SoftmaxCrossEntropy.IndexOfLargest(row);
                loss += SoftmaxCrossEntropy.Loss(row, label);
                correct += guess == label ? 1 : 0;
                if (!predictions.IsEmpty)
                    predictions[start + i] = (byte)guess;
            }
        }

        return new Score(loss / set.Count, (double)correct / set.Count);
    }
}
