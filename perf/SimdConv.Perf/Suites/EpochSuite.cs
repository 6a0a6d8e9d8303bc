using SimdConv.Cli.Commands;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>
/// LeNet-5, or another network, trained for one epoch of 50,000 images in batches of 100, from a few blocks of steps.
/// </summary>
internal sealed class EpochSuite : ISuite
{
    public const int BatchSize = 100, Images = 50_000, BlockSteps = 25, CheckedSteps = 50;

    // Relative, of each step's loss: sums in another order move the weights, and Adam divides by small numbers.
    private const double LossTolerance = 1e-3;

    // Where a ReLU or a maximum falls to the other side, training goes on another way, and small losses differ by large parts.
    private const double LossToleranceOfOthers = 0.1;

    public string Name => "epoch";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        (NetworkPlan plan, DigitSet train, DigitSet test) = Load(options.Data?.FullName, options.Net);
        bool isLeNet = plan.Text == NetworkPlan.LeNet5;
        float[] initial = new float[plan.ParameterCount];
        plan.Initialise<float>(initial, new Random64(1));
        bool useWinograd = options.Algorithm != "direct";
        string name = isLeNet ? "lenet5" : "network", shape = isLeNet ? "lenet5" : plan.Text;
        yield return new Case(name, $"{shape},n={BatchSize},{(useWinograd ? "winograd" : "direct")}", "train",
            plan.TrainingFlops * BatchSize, default, isLeNet ? LossTolerance : LossToleranceOfOthers)
        {
            Scale = Images / BatchSize,
            Create = Participants,
            Remarks = contestants => LossRemarks(contestants)
                .Append("computed by " + ((SimdConvEpoch)contestants[0]).Algorithms)
                .Concat(AccuracyRemarks(Participants(), train.Count / BatchSize, test)),
        };

        IReadOnlyList<Contestant> Participants() => peers.With(
            new SimdConvEpoch(plan, train, initial, options.Threads, useWinograd),
            (PeerSet.LibTorch, () => new LibTorchEpoch(plan, train, initial)),
            (PeerSet.NumPy, () => isLeNet ? new NumPyEpoch(train, initial, options.Threads) : null));
    }

    /// <summary>The first image of a step's batch; the images repeat where they run out.</summary>
    public static int FirstOf(DigitSet data, int step) => step % (data.Count / BatchSize) * BatchSize;

    /// <summary>A network for the images of a folder, and these: those that train, and those to test on.</summary>
    public static (NetworkPlan Plan, DigitSet Train, DigitSet Test) Load(string? folder, string? net)
    {
        RawDigits raw = DigitFiles.ReadTrain(folder), test = DigitFiles.ReadTest(folder);
        NetworkPlan plan = NetworkSource.Read(net, raw.Size);
        raw.RequireClasses(plan.Classes);
        test.RequireClasses(plan.Classes);
        Standardisation standardisation = raw.Measure(folder ?? "the embedded digits", plan.Images);
        (DigitSet train, _) = DigitFiles.Split(raw.Standardise(standardisation, plan.Images));
        return train.Count >= BatchSize
            ? (plan, train, test.Standardise(standardisation, plan.Images))
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
