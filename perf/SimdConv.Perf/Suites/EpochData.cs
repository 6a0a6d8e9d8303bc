using System.Buffers.Binary;
using System.IO.Compression;

namespace SimdConv.Perf.Suites;

/// <summary>Training images as 32x32 standardised floats with their labels, in whole batches.</summary>
internal sealed record EpochData(float[] Images, byte[] Labels)
{
    public const int Side = 32, Pixels = Side * Side;
    private const int SourceSide = 28;

    public int Batches => Labels.Length / EpochSuite.BatchSize;

    /// <summary>The batch of a step; the images repeat where they run out.</summary>
    public int BatchOf(int step) => step % Batches;

    public static EpochData Load(DirectoryInfo? directory)
    {
        string folder = directory?.FullName ?? throw new ArgumentException("--data is missing; expected a folder with MNIST's IDX files.");
        byte[] images = Read(folder, "train-images-idx3-ubyte"), labels = Read(folder, "train-labels-idx1-ubyte");
        int count = BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(4));
        count = Math.Min(count * 5 / 6, EpochSuite.Images);
        count -= count % EpochSuite.BatchSize;
        float[] resized = new float[count * Pixels];
        for (int n = 0; n < count; n++)
            Resize(images.AsSpan(16 + (n * SourceSide * SourceSide)), resized.AsSpan(n * Pixels, Pixels));
        double mean = resized.Average(v => (double)v);
        double deviation = Math.Sqrt(resized.Average(v => (v - mean) * (v - mean)));
        for (int i = 0; i < resized.Length; i++)
            resized[i] = (float)((resized[i] - mean) / deviation);
        return new EpochData(resized, labels.AsSpan(8, count).ToArray());
    }

    private static byte[] Read(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        using Stream stream = File.Exists(path)
            ? File.OpenRead(path)
            : new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
        using MemoryStream memory = new();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static void Resize(ReadOnlySpan<byte> source, Span<float> target)
    {
        for (int i = 0; i < Side; i++)
        {
            for (int j = 0; j < Side; j++)
            {
                double y = (0.875 * (i + 0.5)) - 0.5, x = (0.875 * (j + 0.5)) - 0.5;
                int y0 = (int)Math.Floor(y), x0 = (int)Math.Floor(x);
                double fy = y - y0, fx = x - x0;
                double top = ((1 - fx) * At(source, y0, x0)) + (fx * At(source, y0, x0 + 1));
                double bottom = ((1 - fx) * At(source, y0 + 1, x0)) + (fx * At(source, y0 + 1, x0 + 1));
                target[(i * Side) + j] = (float)((((1 - fy) * top) + (fy * bottom)) / 255);
            }
        }
    }

    private static byte At(ReadOnlySpan<byte> source, int i, int j) =>
        source[(Math.Clamp(i, 0, SourceSide - 1) * SourceSide) + Math.Clamp(j, 0, SourceSide - 1)];
}
