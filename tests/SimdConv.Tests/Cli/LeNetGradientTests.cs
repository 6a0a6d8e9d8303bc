using SimdConv.Cli.Training;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Cli;

/// <summary>The gradients of the whole LeNet-5, in double, against central differences of its loss.</summary>
public sealed class LeNetGradientTests(ITestOutputHelper output)
{
    private const int Batch = 2;

    private static readonly double[] Images = Data.Make<double>(Batch * 32 * 32, DataKind.Real, 1);

    private static readonly byte[] Labels = [3, 8];

    /// <summary>
    /// All biases, all weights of the first layer and a sample of the others, one by one; then every parameter at once, along
    /// random directions.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GradientsAreThoseOfTheLoss(SimdTier tier)
    {
        Tiers.Require(tier);
        Check(new InterleavedLeNet5<double>(tier.Run(), Batch));
    }

    [Fact]
    public void GradientsOfTheNaiveEngineAreThoseOfTheLoss() =>
        Check(new LayerwiseLeNet5<double>(new NaiveEngine<double>(), Batch), sampleEvery: 40);

    /// <summary>
    /// From equal weights, one batch's loss and gradients: sums in another order, so equal but for rounding. Batches that fill no
    /// register, one, and several.
    /// </summary>
    [Theory, InlineData(1, 1), InlineData(2, 2), InlineData(7, 9), InlineData(33, 33), InlineData(100, 100), InlineData(61, 100)]
    public void TheIm2ColEngineComputesWhatTheOtherDoes(int batch, int maxBatch)
    {
        double[] images = Data.Make<double>(batch * 32 * 32, DataKind.Real, batch);
        byte[] labels = [.. Enumerable.Range(0, batch).Select(i => (byte)(i * 7 % 10))];
        LeNet5<double>[] nets =
        [
            new InterleavedLeNet5<double>(default, maxBatch),
            new LayerwiseLeNet5<double>(new Im2ColEngine<double>(default), maxBatch),
        ];
        double[] losses = new double[nets.Length];
        for (int i = 0; i < nets.Length; i++)
        {
            LeNetParameters.Initialise(nets[i].EditParameters(), new Random64(5));
            losses[i] = nets[i].Train(images, labels).Loss / batch;
        }

        Assert.Equal(losses[0], losses[1], 1e-12);
        for (int i = 0; i < LeNetParameters.Count; i++)
            Assert.Equal(nets[0].Gradients[i], nets[1].Gradients[i], 1e-12);
    }

    private void Check(LeNet5<double> net, int sampleEvery = 1)
    {
        LeNetParameters.Initialise(net.EditParameters(), new Random64(5));
        for (int layer = 0; layer < 5; layer++)
        {
            // Biases start from 0, where a missing one would not show.
            (int start, int count) = LeNetParameters.Biases[layer];
            Data.Make<double>(count, DataKind.Real, layer).Select(v => v / 8).ToArray().CopyTo(net.EditParameters()[start..]);
        }

        net.Train(Images, Labels);
        double[] gradients = net.Gradients.ToArray();
        double worst = 0;
        foreach (int index in Sample().Where((_, i) => i % sampleEvery == 0))
        {
            double[] direction = new double[gradients.Length];
            direction[index] = 1;
            worst = Math.Max(worst, Difference(net, gradients, direction, $"parameter {index}"));
        }

        for (int seed = 0; seed < 10; seed++)
        {
            double[] signs = Data.Make<double>(gradients.Length, DataKind.Real, seed);
            double[] direction = [.. signs.Select(v => Math.Sign(v) / Math.Sqrt(gradients.Length))];
            worst = Math.Max(worst, Difference(net, gradients, direction, $"direction {seed}"));
        }

        output.WriteLine($"Largest difference: {worst:G3}");
    }

    private static double Difference(LeNet5<double> net, double[] gradients, double[] direction, string what)
    {
        const double Step = 1e-5, Tolerance = 2e-9;
        double slope = 0;
        for (int i = 0; i < gradients.Length; i++)
            slope += gradients[i] * direction[i];
        double numeric = (Loss(net, direction, Step) - Loss(net, direction, -Step)) / (2 * Step);
        double difference = Math.Abs(numeric - slope);
        Assert.True(difference <= Tolerance * (1 + Math.Abs(slope)), $"{what}: slope {slope:R}, by differences {numeric:R}");
        return difference;
    }

    /// <summary>The mean loss with the parameters moved along a direction, which are then put back.</summary>
    private static double Loss(LeNet5<double> net, double[] direction, double step)
    {
        double[] before = net.Parameters.ToArray();
        Span<double> parameters = net.EditParameters();
        for (int i = 0; i < direction.Length; i++)
            parameters[i] += step * direction[i];
        double loss = SoftmaxCrossEntropy.Evaluate(net.Forward(Batch, Images), Labels, 10, Span<double>.Empty).Loss / Batch;
        before.CopyTo(net.EditParameters());
        return loss;
    }

    private static IEnumerable<int> Sample()
    {
        for (int layer = 0; layer < 5; layer++)
        {
            (int start, int count) = LeNetParameters.Weights[layer];
            int every = layer == 0 ? 1 : (count / 60) | 1;
            for (int i = 0; i < count; i += every)
                yield return start + i;
            (start, count) = LeNetParameters.Biases[layer];
            for (int i = 0; i < count; i++)
                yield return start + i;
        }
    }
}
