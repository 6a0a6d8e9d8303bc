using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace SimdConv.Cli.Data;

/// <summary>
/// Reads and writes NumPy's .npz: a zip archive of .npy arrays, stored or deflated. Memory follows the expected shapes,
/// never a header's claim.
/// </summary>
internal sealed class NpzFile : IDisposable
{
    // The content of a pipe has to be kept in memory. LeNet-5's weights are 250 KB; the archive may hold other arrays too.
    private const int MaxPipeBytes = 1 << 28;

    // A fixed time makes equal weights equal files.
    private static readonly DateTimeOffset EntryTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string path;
    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> entries = new(StringComparer.Ordinal);

    public NpzFile(string path)
        : this(Open(path), path)
    {
    }

    /// <summary>Reads from a stream, which this then owns; messages call it <paramref name="path"/>.</summary>
    public NpzFile(Stream file, string path)
    {
        this.path = path;
        try
        {
            archive = new ZipArchive(file, ZipArchiveMode.Read);
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                string name = entry.FullName.EndsWith(".npy", StringComparison.Ordinal) ? entry.FullName[..^4] : entry.FullName;
                if (!entries.TryAdd(name, entry))
                    throw new InputException($"{path}: array '{name}' is there twice; expected one of each.");
            }
        }
        catch (Exception error)
        {
            file.Dispose();
            if (error is InvalidDataException)
                throw new InputException($"{path}: not a .npz file, or a damaged one ({error.Message.TrimEnd('.')}).", error);
            if (error is IOException)
                throw new InputException($"{path} can't be read: {error.Message}", error);
            throw;
        }
    }

    public bool Contains(string name) => entries.ContainsKey(name);

    /// <summary>
    /// Fills <paramref name="values"/> with an array's elements in C order, whatever order and float type they are stored in.
    /// </summary>
    /// <param name="name">The array.</param>
    /// <param name="values">Takes the elements.</param>
    /// <param name="shapes">The shapes that will do, all of them of values.Length elements.</param>
    public void Read(string name, Span<float> values, params ReadOnlySpan<int[]> shapes)
    {
        int[][] expected = shapes.ToArray();
        int count = values.Length, size = 0;
        (NpyHeader header, byte[] bytes) = ReadBytes(name, header =>
        {
            RequireShape(name, header, expected);
            size = header.Descr is "<f4" or ">f4" ? 4 : header.Descr is "<f8" or ">f8" ? 8
                : throw Bad(name, $"its type is '{header.Descr}'; expected '<f4' or '<f8'");
            return count * size;
        });
        Decode(name, header, bytes, size, values);
    }

    /// <summary>A string, of no dimension or of one element.</summary>
    /// <param name="name">The array.</param>
    /// <param name="most">The most characters.</param>
    public string ReadText(string name, int most)
    {
        (NpyHeader header, byte[] bytes) = ReadBytes(name, header =>
        {
            RequireShape(name, header, [[], [1]]);
            return header.Descr.Length > 2 && header.Descr[..2] is "<U" or ">U"
                && int.TryParse(header.Descr.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int letters)
                && letters <= most
                ? 4 * letters
                : throw Bad(name,
                    $"its type is '{header.Descr}'; expected a string of at most {most} characters, such as '<U12'");
        });
        try
        {
            return new UTF32Encoding(header.Descr[0] == '>', byteOrderMark: false, throwOnInvalidCharacters: true)
                .GetString(bytes).TrimEnd('\0');
        }
        catch (ArgumentException)
        {
            throw Bad(name, "it holds characters that are none");
        }
    }

    /// <summary>Reads an array's head and, of the length that the head is found to have, its data.</summary>
    private (NpyHeader Header, byte[] Bytes) ReadBytes(string name, Func<NpyHeader, int> lengthOf)
    {
        if (!entries.TryGetValue(name, out ZipArchiveEntry? entry))
            throw new InputException($"{path}: array '{name}' is missing; it holds {Listing()}.");
        try
        {
            using Stream content = entry.Open();
            Crc32Stream summed = new(content);
            NpyHeader header = NpyHeader.Read(summed);
            byte[] bytes = new byte[lengthOf(header)];
            int read = summed.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (read < bytes.Length)
                throw Bad(name, $"it ends after {read} of {bytes.Length} bytes of data");
            if (summed.ReadByte() >= 0)
                throw Bad(name,
                    $"it holds more than the {bytes.Length} bytes of data of its shape {NpyHeader.Describe(header.Shape)}");
            if (summed.Sum != entry.Crc32)
                throw Bad(name, $"its checksum is {summed.Sum:x8}; the archive's directory says {entry.Crc32:x8}");
            return (header, bytes);
        }
        catch (FormatException error)
        {
            throw Bad(name, error.Message);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or NotSupportedException)
        {
            throw Bad(name, $"it can't be read ({error.Message.TrimEnd('.')})");
        }
    }

    public void Dispose() => archive.Dispose();

    /// <summary>Writes float32 arrays in C order, and strings; stored.</summary>
    public static void Write(
        Stream file, IEnumerable<(string Name, int[] Shape, float[] Values)> arrays,
        params IEnumerable<(string Name, string Text)> texts)
    {
        using ZipArchive archive = new(file, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, int[] shape, float[] values) in arrays)
        {
            byte[] bytes = new byte[4 * values.Length];
            for (int i = 0; i < values.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
            Add(name, new NpyHeader("<f4", FortranOrder: false, shape), bytes);
        }

        foreach ((string name, string text) in texts)
        {
            byte[] bytes = new UTF32Encoding(bigEndian: false, byteOrderMark: false).GetBytes(text);
            Add(name, new NpyHeader($"<U{bytes.Length / 4}", FortranOrder: false, []), bytes);
        }

        void Add(string name, NpyHeader header, byte[] bytes)
        {
            ZipArchiveEntry entry = archive.CreateEntry(name + ".npy", CompressionLevel.NoCompression);
            entry.LastWriteTime = EntryTime;
            using Stream content = entry.Open();
            header.Write(content);
            content.Write(bytes);
        }
    }

    private static Stream Open(string path)
    {
        if (!File.Exists(path))
            throw new InputException($"{path} does not exist; expected a .npz file of weights.");
        try
        {
            FileStream file = File.OpenRead(path);
            if (file.CanSeek)
                return file;
            // An archive's directory is at its end.
            using (file)
            {
                return InputFile.ReadAtMost(file, MaxPipeBytes)
                    ?? throw new InputException($"{path} is a pipe of more than {MaxPipeBytes} bytes; expected less, or a file.");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path} can't be read: {error.Message}", error);
        }
    }

    private void RequireShape(string name, NpyHeader header, int[][] shapes)
    {
        foreach (int[] shape in shapes)
        {
            if (shape.AsSpan().SequenceEqual(header.Shape))
                return;
        }

        string expected = string.Join(" or ", shapes.Select(shape => NpyHeader.Describe(shape)));
        throw Bad(name, $"its shape is {NpyHeader.Describe(header.Shape)}; expected {expected}");
    }

    private void Decode(string name, NpyHeader header, byte[] bytes, int size, Span<float> values)
    {
        bool bigEndian = header.Descr[0] == '>';
        int[] shape = header.Shape;
        for (int i = 0; i < values.Length; i++)
        {
            int from = i;
            if (header.FortranOrder)
            {
                // From the last dimension, whose index changes fastest in C order, to the first, whose index does in Fortran
                // order.
                from = 0;
                for (int d = shape.Length - 1, rest = i, step = values.Length; d >= 0; rest /= shape[d--])
                {
                    step /= shape[d];
                    from += rest % shape[d] * step;
                }
            }

            ReadOnlySpan<byte> element = bytes.AsSpan(from * size, size);
            values[i] = (float)(size == 4
                ? bigEndian ? BinaryPrimitives.ReadSingleBigEndian(element) : BinaryPrimitives.ReadSingleLittleEndian(element)
                : bigEndian ? BinaryPrimitives.ReadDoubleBigEndian(element) : BinaryPrimitives.ReadDoubleLittleEndian(element));
            if (!float.IsFinite(values[i]))
                throw Bad(name,
                    string.Create(CultureInfo.InvariantCulture,
                        $"element {i} is {values[i]} as float32; expected finite numbers"));
        }
    }

    private string Listing() =>
        entries.Count == 0
        ? "no arrays"
        : string.Join(", ", entries.Keys.Order(StringComparer.Ordinal).Take(20).Select(name => $"'{name}'"));

    private InputException Bad(string name, string problem) => new($"{path}: array '{name}': {problem}.");
}
