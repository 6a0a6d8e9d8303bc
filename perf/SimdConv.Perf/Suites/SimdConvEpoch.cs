using SimdConv.Cli.Data;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Suites;

/// <summary>A network as the <c>simdconv</c> tool trains it.</summary>
internal sealed class SimdConvEpoch : EpochContestant, IClassifier
{
    private readonly DigitSet data;
    private readonly Network<float> net;
    private readonly Adam<float> adam;

    public SimdConvEpoch(NetworkPlan plan, DigitSet data, float[] initial, int threads, bool useWinograd)
        : base(PeerSet.SimdConv)
    {
        this.data = data;
        net = new Network<float>(plan, new SimdEngine<float>(new Execution(threads), useWinograd), EpochSuite.BatchSize);
        adam = new Adam<float>(plan.ParameterCount);
        initial.CopyTo(net.EditParameters());
    }

    /// <summary>How each convolution is computed.</summary>
    public string Algorithms => string.Join(", ", net.Algorithms.Select(layer => $"{layer.Layer} {layer.Algorithm}"));

    public double Accuracy(DigitSet set) => Evaluation.Of(net, set).Accuracy;

    protected override void Call()
    {
        DigitSet batch = data.Slice(EpochSuite.FirstOf(data, Losses.Count), EpochSuite.BatchSize);
        (double loss, _) = net.Train(batch.Images, batch.Labels, adam);
        Losses.Add(loss / EpochSuite.BatchSize);
    }
}
