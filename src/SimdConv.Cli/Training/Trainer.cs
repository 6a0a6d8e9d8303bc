using System.Diagnostics;
using System.Globalization;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Training;

/// <summary>Loss and accuracy (0..1) averaged over the images of one pass.</summary>
internal readonly record struct Score(double Loss, double Accuracy);

/// <summary>Trains a LeNet-5 by mini-batches in an order that the seed decides.</summary>
internal sealed class Trainer
{
    private readonly LeNet5<float> net;
    private readonly Adam<float> adam = new(LeNetParameters.Count);
    private readonly Random64 random;
    private readonly DigitSet train;
    private readonly int batch;
    private readonly int[] order;
    private readonly float[] images;
    private readonly byte[] labels;

    /// <param name="makeNet">Makes the network for batches of at most as many images.</param>
    /// <param name="train">What to train on.</param>
    /// <param name="batch">Images a step.</param>
    /// <param name="seed">Decides the first weights and the order of images.</param>
    public Trainer(Func<int, LeNet5<float>> makeNet, DigitSet train, int batch, int seed)
    {
        this.train = train;
        this.batch = Math.Min(batch, train.Count);
        net = makeNet(this.batch);
        random = new Random64((ulong)seed);
        LeNetParameters.Initialise(net.EditParameters(), random);
        order = [.. Enumerable.Range(0, train.Count)];
        images = new float[this.batch * ImageResize.Pixels];
        labels = new byte[this.batch];
    }

    public LeNet5<float> Net => net;

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
            (double batchLoss, int batchCorrect) = net.Train(images, labels.AsSpan(0, count), adam);
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
        for (int i = 0; i < indices.Length; i++)
        {
            allImages.Slice(indices[i] * ImageResize.Pixels, ImageResize.Pixels).CopyTo(images.AsSpan(i * ImageResize.Pixels));
            labels[i] = allLabels[indices[i]];
        }
    }

    /// <summary>
    /// The net's score on a set, without training. <paramref name="predictions"/> takes its digits, unless empty.
    /// </summary>
    /// <exception cref="InputException">A logit is NaN or infinite, so that the net recognises nothing.</exception>
    public static Score Evaluate(LeNet5<float> net, DigitSet set, Span<byte> predictions = default)
    {
        double loss = 0;
        int correct = 0;
        for (int start = 0; start < set.Count; start += net.MaxBatch)
        {
            DigitSet part = set.Slice(start, Math.Min(net.MaxBatch, set.Count - start));
            ReadOnlySpan<float> logits = net.Forward(part.Count, part.Images.Span);
            for (int i = 0; i < logits.Length; i++)
            {
                if (!float.IsFinite(logits[i]))
                {
                    throw new InputException(string.Create(CultureInfo.InvariantCulture,
                        $"the weights are too large: logit {i % DigitSet.Classes} of image {start + (i / DigitSet.Classes)} ")
                        + string.Create(CultureInfo.InvariantCulture, $"is {logits[i]}; expected finite numbers."));
                }
            }

            (double partLoss, int partCorrect) =
                SoftmaxCrossEntropy.Evaluate(logits, part.Labels.Span, DigitSet.Classes, gradient: []);
            loss += partLoss;
            correct += partCorrect;
            for (int i = 0; i < part.Count && !predictions.IsEmpty; i++)
                predictions[start + i] =
                    (byte)SoftmaxCrossEntropy.IndexOfLargest(logits.Slice(i * DigitSet.Classes, DigitSet.Classes));
        }

        return new Score(loss / set.Count, (double)correct / set.Count);
    }
}
