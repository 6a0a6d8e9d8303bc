namespace SimdConv.Perf.Bits;

/// <summary>What one participant gave for one shape and batch, in one process.</summary>
/// <param name="Operation">The operation, in words.</param>
/// <param name="Participant">SimdConv, or a peer.</param>
/// <param name="Shape">The shape without the batch, of which there are several.</param>
/// <param name="Batch">Images, or rows of A and C.</param>
/// <param name="Values">All elements of the result, which double holds exactly.</param>
internal sealed record BitsResult(string Operation, string Participant, string Shape, int Batch, double[] Values)
{
    public static void Write(string path, IEnumerable<BitsResult> results)
    {
        using BinaryWriter writer = new(File.Create(path));
        foreach (BitsResult result in results)
        {
            writer.Write(result.Operation);
            writer.Write(result.Participant);
            writer.Write(result.Shape);
            writer.Write(result.Batch);
            writer.Write(result.Values.Length);
            foreach (double value in result.Values)
                writer.Write(value);
        }
    }

    public static BitsResult[] Read(string path)
    {
        using BinaryReader reader = new(File.OpenRead(path));
        List<BitsResult> results = [];
        while (reader.BaseStream.Position < reader.BaseStream.Length)
        {
            BitsResult result = new(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt32(),
                new double[reader.ReadInt32()]);
            for (int i = 0; i < result.Values.Length; i++)
                result.Values[i] = reader.ReadDouble();
            results.Add(result);
        }

        return [.. results];
    }
}
