using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Tests.Samples;

/// <summary>A network of an ONNX file, run through the public API: values, memory, and callers at once.</summary>
public class OnnxNetworkTests
{
    private const int Batch = 3;

    [Theory]
    [InlineData(ConvAlgorithm.Direct, false, 1)]
    [InlineData(ConvAlgorithm.Direct, true, 2)]
    [InlineData(ConvAlgorithm.Winograd, false, 2)]
    [InlineData(ConvAlgorithm.Winograd, true, 1)]
    public void ResultsAreThoseOfTheNodesOneByOne(ConvAlgorithm algorithm, bool hasChannelsInnermost, int threads)
    {
        TinyModel model = TinyModel.Network();
        Network network = Network.Load(model.Bytes,
            new() { Algorithm = algorithm, HasChannelsInnermost = hasChannelsInnermost });
        NodeByNode nodes = new(model);
        float[] x = Image(Batch), y = Run(network, x, Batch, threads);
        int image = x.Length / Batch;
        for (int n = 0; n < Batch; n++)
        {
            double[] expected = nodes.Run(x.AsSpan(n * image, image), 3, 17, 19);
            Assert.Equal(network.Results, expected.Length);
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], y[(n * expected.Length) + i], 1e-5 * expected.Max(Math.Abs));
        }
    }

    [Fact]
    public void AnyBatchAndAnyMemoryGiveTheSameBits()
    {
        byte[] file = TinyModel.Network().Bytes;
        Network network = Network.Load(file), apart = Network.Load(file, new() { ReusesMemory = false });
        Assert.True(network.ActivationBytes(Batch) < apart.ActivationBytes(Batch));
        Assert.Equal(apart.ActivationBytes(Batch), network.ActivationBytesWithoutReuse(Batch));
        float[] x = Image(Batch), y = Run(network, x, Batch);
        Assert.Equal(y, Run(apart, x, Batch, threads: 2));
        NetworkRun run = network.NewRun(Batch);
        int image = x.Length / Batch;
        for (int n = 0; n < Batch; n++)
        {
            float[] one = new float[network.Results];
            run.Run(1, x.AsSpan(n * image, image), one);
            Assert.Equal(y[(n * one.Length)..][..one.Length], one);
        }
    }

    [Fact]
    public async Task CallersAtOnceShareTheWeights()
    {
        Network network = Network.Load(TinyModel.Network().Bytes, new() { Algorithm = ConvAlgorithm.Winograd });
        float[] x = Image(Batch), y = Run(network, x, Batch);
        float[][] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            float[] own = [];
            for (int i = 0; i < 20; i++)
                own = Run(network, x, Batch, threads: 2);
            return own;
        })));
        Assert.All(results, own => Assert.Equal(y, own));
    }

    [Fact]
    public void RunsAllocateNothing()
    {
        Network network = Network.Load(TinyModel.Network().Bytes);
        NetworkRun run = network.NewRun(Batch);
        float[] x = Image(Batch), y = new float[Batch * network.Results];
        run.Run(Batch, x, y);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            run.Run(Batch, x, y);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void NodesAreFused()
    {
        Network network = Network.Load(TinyModel.Network().Bytes);
        Assert.Equal(16, network.Steps.Count);
        Assert.Single(network.Steps, step => step.EndsWith("copy", StringComparison.Ordinal));
        Assert.Contains("Conv 'node of b' + BatchNormalization 'node of b.bn' + Add 'node of sum' + Relu 'node of sum.relu'",
            network.Steps[4], StringComparison.Ordinal);
        Assert.Contains("Mul 'node of y'", network.Steps[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void SpansOfWrongLengthAreRefused()
    {
        Network network = Network.Load(TinyModel.Network().Bytes);
        NetworkRun run = network.NewRun(1);
        float[] x = Image(1), y = new float[network.Results];
        Assert.Contains("expected 969", Assert.Throws<ArgumentException>(() => run.Run(1, x[1..], y)).Message);
        Assert.Contains("expected 7", Assert.Throws<ArgumentException>(() => run.Run(1, x, y[1..])).Message);
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => run.Run(2, x, y)).Message);
    }

    private static float[] Run(Network network, float[] x, int batch, int threads = 1)
    {
        float[] y = new float[batch * network.Results];
        network.NewRun(batch, new(threads)).Run(batch, x, y);
        return y;
    }

    private static float[] Image(int batch)
    {
        Random random = new(3);
        return [.. Enumerable.Range(0, batch * 3 * 17 * 19).Select(_ => (float)random.NextDouble())];
    }
}
