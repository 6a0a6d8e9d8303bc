using SimdConv.Cli.Data;
using SimdConv.Cli.Training;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>LeNet-5 trained for one epoch of 50,000 images in batches of 100, from a few blocks of steps.</summary>
internal sealed class EpochSuite : ISuite
{
    public const int BatchSize = 100, Images = 50_000, BlockSteps = 25, CheckedSteps = 50;

    // Relative, of each step's loss: sums in another order move the weights, and Adam divides by small numbers.
    private const double LossTolerance = 1e-3;

    public string Name => "epoch";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        (DigitSet train, DigitSet test) = Load(options.Data?.FullName);
        float[] initial = new float[LeNetParameters.Count];
        LeNetParameters.Initialise<float>(initial, new Random64(1));
        yield return new Case("lenet5", "lenet5,n=100", "train", FlopsPerImage() * BatchSize, default, LossTolerance)
        {
            Scale = Images / BatchSize,
            Create = Participants,
            Remarks = contestants =>
                LossRemarks(contestants).Concat(AccuracyRemarks(Participants(), train.Count / BatchSize, test)),
        };

        IReadOnlyList<Contestant> Participants() => peers.With(
            new SimdConvEpoch(train, initial, options.Threads),
            (PeerSet.LibTorch, () => new LibTorchEpoch(train, initial)),
            (PeerSet.NumPy, () => new NumPyEpoch(train, initial, options.Threads)));
    }

    /// <summary>The first image of a step's batch; the images repeat where they run out.</summary>
    public static int FirstOf(DigitSet data, int step) => step % (data.Count / BatchSize) * BatchSize;

    /// <summary>Forward, weight gradients and input gradients, which the first layer doesn't need.</summary>
    public static double FlopsPerImage()
    {
        double flops = 0;
        foreach ((int layer, Conv2DShape conv) in LeNetShapes.Convs.Index())
            flops += (layer == 0 ? 2 : 3) * 2.0 * conv.K * conv.P * conv.Q * conv.Taps;
        foreach ((int inputs, int outputs) in LeNetShapes.Dense)
            flops += 3 * 2.0 * inputs * outputs;
        return flops;
    }

    public static (DigitSet Train, DigitSet Test) Load(string? folder)
    {
        RawDigits raw = DigitFiles.ReadTrain(folder);
        Standardisation standardisation = raw.Measure(folder ?? "the embedded digits");
        (DigitSet train, _) = DigitFiles.Split(raw.Standardise(standardisation));
        return train.Count >= BatchSize
            ? (train, DigitFiles.ReadTest(folder).Standardise(standardisation))
            : throw new ArgumentException(
                $"--data is '{folder}' with {train.Count} images to train; expected {BatchSize} or more.");
    }

    /// <summary>How far the losses of the first steps from the same weights lie apart.</summary>
    private static IEnumerable<string> LossRemarks(IReadOnlyList<Contestant> contestants)
    {
        EpochContestant ours = (EpochContestant)contestants[0];
        foreach (EpochContestant peer in contestants.Skip(1).OfType<EpochContestant>())
        {
            double apart =
                peer.Losses.Zip(ours.Losses).Take(peer.CheckedCalls).Max(loss => Math.Abs(loss.First - loss.Second) / loss.First);
            yield return FormattableString.Invariant(
                $"losses of the first {peer.CheckedCalls} steps lie within {apart:E1} of {peer.Name}'s, relatively");
        }
    }

    /// <summary>Trains anew from the same weights, each image once, and tests.</summary>
    private static IEnumerable<string> AccuracyRemarks(IReadOnlyList<Contestant> contestants, int steps, DigitSet test)
    {
        foreach (Contestant contestant in contestants)
        {
            if (contestant is IClassifier classifier)
            {
                contestant.Run(steps);
                yield return string.Create(System.Globalization.CultureInfo.InvariantCulture,
                    $"accuracy after one epoch of {steps * BatchSize} images, on {test.Count} others: {contestant.Name} "
                    + $"{classifier.Accuracy(test) * 100:F2} %");
            }

            contestant.Dispose();
        }
    }
}

/// <summary>A participant that says what it learnt.</summary>
internal interface IClassifier
{
    /// <summary>The share of images that it tells rightly, 0 to 1.</summary>
    double Accuracy(DigitSet set);
}

/// <summary>
/// A training run that goes on with the next batches at each call; its results are the losses of the first steps.
/// </summary>
internal abstract class EpochContestant(string name) : Contestant(name)
{
    public List<double> Losses { get; } = [];

    public override int FixedRepetitions => EpochSuite.BlockSteps;

    public override int CheckedCalls => EpochSuite.CheckedSteps;

    // A step a result, so that each is held against its own size.
    public override IReadOnlyList<NativeArray> Results() =>
        [.. Losses.Take(CheckedCalls).Select(loss => new NativeArray<double>([loss]))];
}
