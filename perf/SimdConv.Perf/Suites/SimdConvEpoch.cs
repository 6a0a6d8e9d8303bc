using SimdConv.Cli.Data;
using SimdConv.Cli.Training;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Suites;

/// <summary>LeNet-5 as the <c>simdconv</c> tool trains it.</summary>
internal sealed class SimdConvEpoch : EpochContestant, IClassifier
{
    private readonly DigitSet data;
    private readonly LeNet5<float> net;
    private readonly Adam<float> adam = new(LeNetParameters.Count);

    public SimdConvEpoch(DigitSet data, float[] initial, int threads)
        : base(PeerSet.SimdConv)
    {
        this.data = data;
        net = new InterleavedLeNet5<float>(new Execution(threads), EpochSuite.BatchSize);
        initial.CopyTo(net.EditParameters());
    }

    public double Accuracy(DigitSet set) => Trainer.Evaluate(net, set).Accuracy;

    protected override void Call()
    {
        DigitSet batch = data.Slice(EpochSuite.FirstOf(data, Losses.Count), EpochSuite.BatchSize);
        (double loss, _) = net.Train(batch.Images.Span, batch.Labels.Span, adam);
        Losses.Add(loss / EpochSuite.BatchSize);
    }
}
