using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Cli;

/// <summary>
/// Whole networks in double: gradients against central differences of the loss, and every engine, number of threads and size of
/// batch against the plain loops.
/// </summary>
public sealed class NetworkTests(ITestOutputHelper output)
{
    private const int Batch = 2;

    /// <summary>Every kind of layer and option, on images of several sizes and channels.</summary>
    private static readonly (ImageSize Images, string Text)[] Networks =
    [
        (new(1, 32, 32), NetworkPlan.LeNet5),
        (new(3, 9, 11), "conv 6 3x3 pad 1 groups 3; relu; max 2; conv 8 3x2 stride 2x1 pad 1; tanh; dense 7; relu; dense 10"),
        (new(1, 14, 14), "tanh; conv 4 5x5 pad 2; relu; max 3 stride 2 pad 1; tanh 1.5; conv 5 3x3 dilation 2; avg 2; dense 10"),
        (new(2, 12, 10),
            "avg 3 stride 2 pad 1; conv 16 1x1; relu; conv 16 3x3 pad 1; relu; max 2x3; dense 9; tanh; relu; dense 3"),
        (new(1, 6, 5), "dense 12; tanh; dense 4"),
        (new(4, 8, 8), "conv 16 3x3; conv 16 3x3 pad 1; relu; conv 2 6x6"),
    ];

    public static TheoryData<int, SimdTier> Cases()
    {
        TheoryData<int, SimdTier> cases = [];
        foreach ((int i, _) in Networks.Index())
        {
            foreach (object[] tier in Tiers.All.Cast<object[]>())
            {
                // LeNet-5 has no kind of layer that the small ones lack.
                if (i > 0 || (SimdTier)tier[0] == SimdSupport.Best)
                    cases.Add(i, (SimdTier)tier[0]);
            }
        }

        return cases;
    }

    public static TheoryData<int> Numbers() => [.. Enumerable.Range(0, Networks.Length)];

    /// <summary>
    /// A sample of all weights and biases, one by one; then every parameter at once, along random directions.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Cases))]
    public void GradientsAreThoseOfTheLoss(int network, SimdTier tier)
    {
        Tiers.Require(tier);
        NetworkPlan plan = Plan(network);
        foreach (bool useWinograd in (bool[])[false, true])
        {
            Network<double> net = new(plan, new SimdEngine<double>(tier.Run(), useWinograd), Batch);
            Fill(net);
            double[] images = Images(plan, Batch);
            byte[] labels = Labels(plan, Batch);
            net.Train(images, labels);
            double[] gradients = net.Gradients.ToArray();
            double worst = 0;
            foreach (int index in Sample(plan))
            {
                double[] direction = new double[gradients.Length];
                direction[index] = 1;
                worst = Math.Max(worst, Difference(net, images, labels, gradients, direction, $"parameter {index}"));
            }

            for (int seed = 0; seed < 2; seed++)
            {
                double[] signs = Data.Make<double>(gradients.Length, DataKind.Real, seed);
                double[] direction = [.. signs.Select(v => Math.Sign(v) / Math.Sqrt(gradients.Length))];
                worst = Math.Max(worst, Difference(net, images, labels, gradients, direction, $"direction {seed}"));
            }

            output.WriteLine($"{net.Algorithm}, largest difference: {worst:G3}");
        }
    }

    /// <summary>
    /// From equal weights, one batch's loss and gradients: sums in another order, so equal but for rounding. Batches that fill no
    /// register, one, several, and several parts.
    /// </summary>
    [Theory, MemberData(nameof(Numbers))]
    public void EveryEngineComputesTheSame(int network)
    {
        NetworkPlan plan = Plan(network);
        foreach ((int batch, int maxBatch) in ((int, int)[])[(1, 1), (2, 2), (7, 9), (33, 40), (61, 100)])
        {
            double[] images = Images(plan, batch);
            byte[] labels = Labels(plan, batch);
            Engine<double>[] engines =
            [
                new SimdEngine<double>(new Execution(2), useWinograd: false),
                new SimdEngine<double>(new Execution(2), useWinograd: true),
                new Im2ColEngine<double>(new Execution(2)),
                .. (network > 0 && batch < 61) || batch == 1 ? (Engine<double>[])[new NaiveEngine<double>()] : [],
            ];
            double expected = 0;
            double[] gradients = [];
            foreach (Engine<double> engine in engines)
            {
                Network<double> net = new(plan, engine, maxBatch);
                Fill(net);
                double loss = net.Train(images, labels).Loss / batch;
                if (gradients.Length == 0)
                    (expected, gradients) = (loss, net.Gradients.ToArray());
                Assert.Equal(expected, loss, 1e-12 * Math.Max(1, expected));
                double largest = gradients.Max(Math.Abs);
                for (int i = 0; i < gradients.Length; i++)
                {
                    Assert.True(Math.Abs(gradients[i] - net.Gradients[i]) <= 1e-12 * Math.Max(1, largest),
                        $"{engine.Name} {net.Algorithm}, batch {batch}, parameter {i}: {net.Gradients[i]}, not {gradients[i]}");
                }
            }
        }
    }

    /// <summary>Steps of training in float, bit for bit, with and without Winograd's algorithm.</summary>
    [Theory, MemberData(nameof(Numbers))]
    public void ResultsDependOnNoNumberOfThreads(int network)
    {
        const int batch = 83;
        NetworkPlan plan = Plan(network);
        float[] images = [.. Images(plan, batch).Select(pixel => (float)pixel)];
        byte[] labels = Labels(plan, batch);
        foreach (bool useWinograd in (bool[])[false, true])
        {
            float[] expected = [];
            foreach (int threads in (int[])[1, 2, 3, 8])
            {
                Network<float> net = new(plan, new SimdEngine<float>(new Execution(threads), useWinograd), 100);
                plan.Initialise(net.EditParameters(), new Random64(3));
                Adam<float> adam = new(plan.ParameterCount);
                for (int step = 0; step < 3; step++)
                    net.Train(images, labels, adam);
                if (threads == 1)
                    expected = net.Parameters.ToArray();
                Assert.Equal(expected, net.Parameters.ToArray());
            }
        }
    }

    /// <summary>A batch leaves nothing behind that a smaller one after it would see.</summary>
    [Theory, MemberData(nameof(Numbers))]
    public void AnImageIsToldAloneAsAmongOthers(int network)
    {
        const int batch = 37;
        NetworkPlan plan = Plan(network);
        Network<float> net = new(plan, new SimdEngine<float>(default, useWinograd: false), batch);
        plan.Initialise(net.EditParameters(), new Random64(3));
        float[] images = [.. Images(plan, batch).Select(pixel => (float)pixel)];
        float[] logits = net.Forward(batch, images).ToArray();
        for (int i = 0; i < batch; i += 9)
        {
            Assert.Equal(logits.AsSpan(i * plan.Classes, plan.Classes),
                net.Forward(1, images.AsMemory(i * plan.Images.Elements, plan.Images.Elements)));
        }
    }

    private static NetworkPlan Plan(int network) =>
        NetworkParser.Parse("test", Networks[network].Text, Networks[network].Images);

    private static double[] Images(NetworkPlan plan, int batch) =>
        Data.Make<double>(batch * plan.Images.Elements, DataKind.Real, batch);

    private static byte[] Labels(NetworkPlan plan, int batch) =>
        [.. Enumerable.Range(0, batch).Select(i => (byte)((3 + (i * 7)) % plan.Classes))];

    /// <summary>Biases start from 0, where a missing one would not show.</summary>
    private static void Fill(Network<double> net)
    {
        net.Plan.Initialise(net.EditParameters(), new Random64(5));
        foreach (Layer layer in net.Plan.Layers.Where(layer => layer.HasWeights))
        {
            Data.Make<double>(layer.Biases.Count, DataKind.Real, layer.Biases.Start).Select(v => v / 8).ToArray()
                .CopyTo(net.EditParameters()[layer.Biases.Start..]);
        }
    }

    private static double Difference(
        Network<double> net, double[] images, byte[] labels, double[] gradients, double[] direction, string what)
    {
        const double Step = 1e-6, Tolerance = 5e-8;
        double slope = 0;
        for (int i = 0; i < gradients.Length; i++)
            slope += gradients[i] * direction[i];
        double numeric = (Loss(net, images, labels, direction, Step) - Loss(net, images, labels, direction, -Step)) / (2 * Step);
        double difference = Math.Abs(numeric - slope);
        Assert.True(difference <= Tolerance * (1 + Math.Abs(slope)), $"{what}: slope {slope:R}, by differences {numeric:R}");
        return difference;
    }

    /// <summary>The mean loss with the parameters moved along a direction, which are then put back.</summary>
    private static double Loss(Network<double> net, double[] images, byte[] labels, double[] direction, double step)
    {
        double[] before = net.Parameters.ToArray();
        Span<double> parameters = net.EditParameters();
        for (int i = 0; i < direction.Length; i++)
            parameters[i] += step * direction[i];
        ReadOnlySpan<double> logits = net.Forward(labels.Length, images);
        double loss = 0;
        for (int i = 0; i < labels.Length; i++)
            loss += SoftmaxCrossEntropy.Loss(logits.Slice(i * net.Plan.Classes, net.Plan.Classes), labels[i]) / labels.Length;
        before.CopyTo(net.EditParameters());
        return loss;
    }

    private static IEnumerable<int> Sample(NetworkPlan plan)
    {
        foreach (Layer layer in plan.Layers.Where(layer => layer.HasWeights))
        {
            foreach ((int start, int count) in ((int, int)[])[layer.Weights, layer.Biases])
            {
                for (int i = 0; i < count; i += (count / 5) | 1)
                    yield return start + i;
            }
        }
    }
}
