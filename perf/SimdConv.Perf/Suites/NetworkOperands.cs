using SimdConv.Perf.Peers;
using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Perf.Suites;

/// <summary>A network's file, and a batch of random images for it.</summary>
internal sealed class NetworkOperands
{
    private readonly Network network;

    public NetworkOperands(byte[] file, Network network, int batch)
    {
        (File, this.network, Batch) = (file, network, batch);
        Images = RandomData.Uniform<float>((long)batch * network.Channels * network.Height * network.Width, 1);

        // Bytes of pixels without their mean.
        foreach (ref float value in Images.Span)
            value *= 128;
    }

    public byte[] File { get; }

    public int Batch { get; }

    public NativeArray<float> Images { get; }

    public NativeArray<float> NewResults() => new((long)Batch * network.Results);
}
