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
        if (options.Type == ElementType.Double)
            throw new ArgumentException("--type is double; expected float for the suite epoch.");
        EpochData data = EpochData.Load(options.Data);
        LeNetWeights initial = LeNetWeights.Random(seed: 1);
        yield return new Case("lenet5,n=100", "train", LeNetWeights.FlopsPerImage * BatchSize, 0, LossTolerance)
        {
            Scale = Images / BatchSize,
            CheckedCalls = CheckedSteps,
            Create = () => peers.With(
                new SimdConvEpoch(data, initial, options.Threads),
                (PeerSet.LibTorch, () => new LibTorchEpoch(data, initial)),
                (PeerSet.NumPy, () => new NumPyEpoch(data, initial, options.Threads))),
        };
    }
}

/// <summary>A training run that goes on with the next batches at each call; its results are the losses so far.</summary>
internal abstract class EpochContestant(string name) : Contestant(name)
{
    protected List<double> Losses { get; } = [];

    public override int FixedRepetitions => EpochSuite.BlockSteps;
    public override IReadOnlyList<double[]> Results() => [[.. Losses]];
}
