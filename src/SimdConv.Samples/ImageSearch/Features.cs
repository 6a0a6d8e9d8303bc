using System.Threading.Channels;
using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Samples.ImageSearch;

/// <summary>
/// Features of pictures. All requests share the network and its mapped weights; each that runs has one of a fixed number of
/// contexts, which are the memory of activations, and the others wait: memory doesn't grow with the number of requests.
/// </summary>
public sealed class Features : IDisposable
{
    private readonly Network network;
    private readonly Channel<Context> free;
    private readonly int contexts;

    /// <param name="path">An ONNX file, or one of <see cref="Network.Pack"/>, which is mapped.</param>
    /// <param name="contexts">Pictures that are computed at one time.</param>
    /// <exception cref="SearchException">There is no network, or one of another kind.</exception>
    public Features(string path, int contexts)
    {
        try
        {
            network = Network.Load(path);
        }
        catch (NetworkException e)
        {
            throw new SearchException($"no model: {e.Message}", e);
        }

        if (network.Channels != 3)
            throw new SearchException($"no model: {path} takes images of {network.Channels} channels; expected 3");
        this.contexts = contexts;
        free = Channel.CreateBounded<Context>(contexts);
        for (int i = 0; i < contexts; i++)
            free.Writer.TryWrite(new Context(network));
    }

    /// <summary>Whether processes share the weights.</summary>
    public bool IsMapped => network.IsMapped;

    /// <summary>Features of length 1, so that their product is the cosine of the angle between two.</summary>
    /// <exception cref="SearchException">This is no picture, or it is too large.</exception>
    public async Task<float[]> OfAsync(byte[] file, CancellationToken cancellation)
    {
        Context context = await free.Reader.ReadAsync(cancellation);
        try
        {
            float[] features = new float[network.Results];
            Pictures.Read(file, network.Height, network.Width, context.Image);
            context.Run.Run(1, context.Image, features);
            float length = MathF.Sqrt(features.Sum(feature => feature * feature));
            return [.. features.Select(feature => length > 0 ? feature / length : 0)];
        }
        finally
        {
            free.Writer.TryWrite(context);
        }
    }

    public void Dispose()
    {
        // Those that are taken come back at the end of their requests.
        for (int i = 0; i < contexts && free.Reader.TryRead(out _); i++)
        {
        }

        network.Dispose();
    }

    /// <summary>The memory of one request.</summary>
    private sealed class Context(Network network)
    {
        public NetworkRun Run { get; } = network.NewRun(1, new(MaxThreads: 1));

        public float[] Image { get; } = new float[3 * network.Height * network.Width];
    }
}
