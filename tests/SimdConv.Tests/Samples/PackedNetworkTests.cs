using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Tests.Samples;

/// <summary>
/// Networks in files with their packed weights: the same bits, nothing packed or copied, and no wrong file taken.
/// </summary>
public sealed class PackedNetworkTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("simdconv-network").FullName;

    [Theory]
    [InlineData(ConvAlgorithm.Direct)]
    [InlineData(ConvAlgorithm.Winograd)]
    public void MappedNetworksGiveTheSameBits(ConvAlgorithm algorithm)
    {
        NetworkOptions options = new() { Algorithm = algorithm };
        (string model, string packed) = Pack(options);
        using Network mapped = Network.Load(packed, options), read = Network.Load(model, options);
        Assert.True(mapped.IsMapped);
        Assert.False(read.IsMapped);
        Assert.Equal(read.Steps, mapped.Steps);
        Assert.Equal(Run(read), Run(mapped));
    }

    [Fact]
    public void OtherTiersAndOptionsPackWhatTheFileHas()
    {
        (string model, string packed) = Pack(new());
        foreach (SimdTier tier in SimdSupport.Available)
        {
            NetworkOptions options = new() { Tier = tier, Algorithm = ConvAlgorithm.Winograd, Verifies = false };
            using Network mapped = Network.Load(packed, options), read = Network.Load(model, options);
            Assert.Equal(Run(read), Run(mapped));
        }
    }

    [Fact]
    public void DamagedFilesAreRefused()
    {
        (_, string packed) = Pack(new());
        byte[] file = File.ReadAllBytes(packed);
        string other = Path.Combine(folder, "other");
        Random random = new(11);
        for (int i = 0; i < 300; i++)
        {
            byte[] changed = [.. file];
            int at = random.Next(8) == 0 ? random.Next(64) : random.Next(file.Length);
            changed[at] ^= (byte)random.Next(1, 256);
            Refuses(changed);
        }

        for (int i = 0; i < 100; i++)
            Refuses(file[..random.Next(file.Length)]);

        void Refuses(byte[] bytes)
        {
            File.WriteAllBytes(other, bytes);
            try
            {
                // Zeros between the parts, and at the header's end, may be anything.
                using Network network = Network.Load(other);
                Assert.Equal(7, network.Results);
            }
            catch (NetworkException e)
            {
                Assert.StartsWith(other, e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void RunsAfterDisposeAreRefused()
    {
        (_, string packed) = Pack(new());
        Network network = Network.Load(packed);
        NetworkRun run = network.NewRun(1);
        float[] x = new float[3 * 17 * 19], y = new float[network.Results];
        run.Run(1, x, y);
        network.Dispose();
        Assert.Throws<ObjectDisposedException>(() => run.Run(1, x, y));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private (string Model, string Packed) Pack(NetworkOptions options)
    {
        (string model, string packed) = (Path.Combine(folder, "tiny.onnx"), Path.Combine(folder, "tiny.network"));
        File.WriteAllBytes(model, TinyModel.Network().Bytes);
        Network.Pack(model, packed, options);
        Assert.Equal(2, Directory.GetFiles(folder).Length);
        return (model, packed);
    }

    private static float[] Run(Network network)
    {
        Random random = new(3);
        float[] x = [.. Enumerable.Range(0, 3 * 17 * 19).Select(_ => (float)random.NextDouble())], y = new float[network.Results];
        network.NewRun(1).Run(1, x, y);
        return y;
    }
}
