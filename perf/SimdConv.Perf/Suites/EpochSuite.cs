using SimdConv.Cli.Data;
using SimdConv.Cli.Training;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>LeNet-5 trained for one epoch of 50,000 images in batches of 100, from a few blocks of steps.</summary>
internal sealed class EpochSuite : ISuite
{
    public const int BatchSize = 100, Images = 50_000, BlockSteps = 25;
    private const int CheckedSteps = 5;

    // Sums in another order move the weights, and Adam divides by small numbers.
    private const double LossTolerance = 1e-3;

    public string Name => "epoch";

    public IEnumerable<Case> Cases(CompareOptions options, PeerSet peers)
    {
        DigitSet data = Load(options.Data?.FullName);
        float[] initial = new float[LeNetParameters.Count];
        LeNetParameters.Initialise<float>(initial, new Random64(1));
        yield return new Case("lenet5,n=100", "train", FlopsPerImage() * BatchSize, 0, LossTolerance)
        {
            Scale = Images / BatchSize,
            CheckedCalls = CheckedSteps,
            Create = () => peers.With(
                new SimdConvEpoch(data, initial, options.Threads),
                (PeerSet.LibTorch, () => new LibTorchEpoch(data, initial)),
                (PeerSet.NumPy, () => new NumPyEpoch(data, initial, options.Threads))),
        };
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

    public static DigitSet Load(string? folder)
    {
        RawDigits raw = DigitFiles.ReadTrain(folder);
        (DigitSet train, _) = DigitFiles.Split(raw.Standardise(raw.Measure(folder ?? "the embedded digits")));
        return train.Count >= BatchSize
            ? train
            : throw new ArgumentException($"--data is '{folder}' with {train.Count} images to train; expected {BatchSize} or more.");
    }
}

/// <summary>A training run that goes on with the next batches at each call; its results are the losses so far.</summary>
internal abstract class EpochContestant(string name) : Contestant(name)
{
    protected List<double> Losses { get; } = [];

    public override int FixedRepetitions => EpochSuite.BlockSteps;
    public override IReadOnlyList<double[]> Results() => [[.. Losses]];
}
