using System.Numerics;
using System.Runtime.InteropServices;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// A network with its packed weights in one file: a header of 64 bytes, the ONNX model without weights, the biases of all layers
/// with all that is folded into them, zeros up to a multiple of 64 bytes, and the packed weights as SimdConv saves them.
/// </summary>
/// <remarks>
/// The header: "SimdNet1", the bytes of the model, the number of biases and the checksum of both parts, each of 8 bytes,
/// little-endian; then zeros.
/// </remarks>
internal static class NetworkFile
{
    private const int HeaderBytes = 64, GraphField = 7, ConstantField = 5;

    // "SimdNet1"
    private const ulong Name = 0x3174654E646D6953;

    public static bool IsOne(Stream file)
    {
        ulong name = 0;
        int count = file.ReadAtLeast(MemoryMarshal.AsBytes(new Span<ulong>(ref name)), sizeof(ulong), throwOnEndOfStream: false);
        file.Position = 0;
        return count == sizeof(ulong) && name == Name;
    }

    /// <summary>Writes the file of a model; the weights come from <paramref name="pack"/>, which gets where they go.</summary>
    public static void Write(
        string path, WireReader model, HashSet<string> weights, int biasCount, Func<Stream, List<float>> pack)
    {
        byte[] graph = WithoutWeights(model, weights);
        long start = Start(graph.Length, biasCount);
        string unfinished = path + ".tmp";
        try
        {
            using (FileStream file = new(unfinished, FileMode.Create, FileAccess.Write))
            {
                file.Position = start;
                float[] biases = [.. pack(file)];
                ulong[] header = [Name, (ulong)graph.Length, (ulong)biases.Length, Checksum(graph, biases), 0, 0, 0, 0];
                file.Position = 0;
                file.Write(MemoryMarshal.AsBytes(header.AsSpan()));
                file.Write(graph);
                file.Write(MemoryMarshal.AsBytes(biases.AsSpan()));
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    /// <summary>Reads all but the packed weights, which begin at the last number that it gives.</summary>
    public static (byte[] Graph, float[] Biases, long Start) Read(Stream file)
    {
        ulong[] header = new ulong[HeaderBytes / sizeof(ulong)];
        file.ReadExactly(MemoryMarshal.AsBytes(header.AsSpan()));
        (ulong graphBytes, ulong biasCount) = (header[1], header[2]);
        ulong left = (ulong)(file.Length - HeaderBytes);
        if (graphBytes > left || biasCount > (left - graphBytes) / sizeof(float))
            throw Damaged($"{graphBytes} bytes of a graph and {biasCount} biases, where {left} bytes are left");
        byte[] graph = new byte[graphBytes];
        float[] biases = new float[biasCount];
        file.ReadExactly(graph);
        file.ReadExactly(MemoryMarshal.AsBytes(biases.AsSpan()));
        if (Checksum(graph, biases) != header[3])
            throw Damaged("a checksum that isn't that of its graph and biases");
        return (graph, biases, Start(graph.Length, biases.Length));
    }

    private static long Start(long graphBytes, long biasCount) =>
        (HeaderBytes + graphBytes + (biasCount * sizeof(float)) + HeaderBytes - 1) / HeaderBytes * HeaderBytes;

    /// <summary>The model, in which constants that are weights have no elements.</summary>
    private static byte[] WithoutWeights(WireReader model, HashSet<string> weights)
    {
        WireWriter written = new();
        foreach (WireField field in model.Fields(model.File))
        {
            if (field.Number != GraphField)
            {
                written.Copy(model, field);
                continue;
            }

            WireWriter graph = new();
            foreach (WireField part in model.Fields(field))
            {
                if (part.Number == ConstantField && weights.Contains(new Constant(model, part).Name))
                    graph.Message(ConstantField, WithoutElements(model, part));
                else
                    graph.Copy(model, part);
            }

            written.Message(GraphField, graph.Bytes);
        }

        return written.Bytes;
    }

    private static byte[] WithoutElements(WireReader model, WireField constant)
    {
        WireWriter written = new();
        foreach (WireField field in model.Fields(constant))
        {
            if (field.Number is not (Constant.FloatsField or Constant.RawField or Constant.PlaceField))
                written.Copy(model, field);
        }

        written.Number(Constant.PlaceField, Constant.Elsewhere);
        return written.Bytes;
    }

    private static ulong Checksum(ReadOnlySpan<byte> graph, ReadOnlySpan<float> biases)
    {
        uint low = uint.MaxValue, high = uint.MaxValue;
        foreach (byte one in graph)
            low = BitOperations.Crc32C(low, one);
        foreach (uint one in MemoryMarshal.Cast<float, uint>(biases))
            high = BitOperations.Crc32C(high, one);
        return ((ulong)high << 32) | low;
    }

    private static NetworkException Damaged(string what) => new($"the file of a network is damaged: it has {what}");
}
