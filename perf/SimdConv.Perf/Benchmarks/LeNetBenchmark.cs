using BenchmarkDotNet.Attributes;
using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>One epoch of LeNet-5 over the embedded digits that train, in batches of 100.</summary>
public class LeNetBenchmark
{
    private Trainer trainer = null!;

    public static IEnumerable<object> Epochs => [new Epoch(EpochSuite.Load(folder: null, net: null).Train.Count)];

    [ParamsSource(nameof(Epochs))]
    public object Work { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        (NetworkPlan plan, DigitSet train, _) = EpochSuite.Load(folder: null, net: null);
        SimdEngine<float> engine = new(new Execution(1), useWinograd: true);
        trainer = new Trainer(new Network<float>(plan, engine, EpochSuite.BatchSize), train, seed: 1);
    }

    [Benchmark]
    public double Train() => trainer.RunEpoch().Score.Loss;

    private sealed record Epoch(int Images) : IWork
    {
        public double FlopsIn(SimdTier tier) => Images * EpochSuite.Load(folder: null, net: null).Plan.TrainingFlops;

        public override string ToString() => $"{Images} images";
    }
}
