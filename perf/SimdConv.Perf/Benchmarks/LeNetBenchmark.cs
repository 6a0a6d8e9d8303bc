using BenchmarkDotNet.Attributes;
using SimdConv.Cli.Training;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>One epoch of LeNet-5 over the embedded digits that train, in batches of 100.</summary>
public class LeNetBenchmark
{
    private Trainer trainer = null!;

    public static IEnumerable<object> Epochs => [new Epoch(EpochSuite.Load(folder: null).Train.Count)];

    [ParamsSource(nameof(Epochs))]
    public object Work { get; set; } = null!;

    [GlobalSetup]
    public void SetUp() =>
        trainer = new Trainer(maxBatch => new InterleavedLeNet5<float>(new Execution(1), maxBatch),
            EpochSuite.Load(folder: null).Train, EpochSuite.BatchSize, seed: 1);

    [Benchmark]
    public double Train() => trainer.RunEpoch().Score.Loss;

    private sealed record Epoch(int Images) : IWork
    {
        public double FlopsIn(SimdTier tier) => Images * EpochSuite.FlopsPerImage();

        public override string ToString() => $"{Images} images";
    }
}
