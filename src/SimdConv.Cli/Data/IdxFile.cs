using System.Buffers.Binary;

namespace SimdConv.Cli.Data;

/// <summary>
/// Reads MNIST's IDX format, gzipped or not, from a file or a pipe: two zero bytes, the type (8: unsigned bytes), the number of
/// dimensions, each dimension as a big-endian 32-bit integer, then the bytes. Memory follows the bytes that are there, never a
/// header's claim, and what a small file unzips to is limited.
/// </summary>
internal static class IdxFile
{
    /// <summary>More than any data set in this format holds; the tool keeps all images in memory.</summary>
    public const int MaxCount = 1_000_000;

    private const int ChunkBytes = 1 << 16;

    // Digits unzip to 2 to 5 times their size, nothing but zeros to 1,000 times: past some megabytes that is a bomb.
    private const int MaxExpansion = 100, AnyExpansionBytes = 16 << 20;

    /// <summary>Reads images as Count x height x width.</summary>
    public static IdxArray ReadImages(Stream file, string name, Action<int[]>? checkDimensions = null) =>
        Read(file, name, 3, "images", checkDimensions);

    /// <summary>Reads labels.</summary>
    public static IdxArray ReadLabels(Stream file, string name) => Read(file, name, 1, "labels", null);

    private static IdxArray Read(Stream file, string name, int rank, string what, Action<int[]>? checkDimensions)
    {
        try
        {
            using Unzipped content = new(file);
            int[] dimensions = ReadHeader(content, name, rank, what);
            checkDimensions?.Invoke(dimensions);
            long length = 1;
            foreach (int dimension in dimensions)
                length *= dimension;
            if (length > Array.MaxLength)
                throw Bad(name, $"its header claims {length} bytes of {what}; expected at most {Array.MaxLength}");
            return new IdxArray(dimensions, ReadExactly(content, (int)length, Limit, name, what));

            // The size of a pipe is only known as far as it has been read.
            long Limit() => content.IsGzipped
                ? Math.Max(AnyExpansionBytes, MaxExpansion * (file.CanSeek ? file.Length : content.FileBytes)) : long.MaxValue;
        }
        catch (InvalidDataException error)
        {
            throw new InputException($"{name}: damaged or truncated gzip data ({error.Message.TrimEnd('.')}).", error);
        }
        catch (IOException error)
        {
            throw new InputException($"{name} can't be read: {error.Message}", error);
        }
    }

    private static int[] ReadHeader(Stream content, string name, int rank, string what)
    {
        Span<byte> header = stackalloc byte[4 + (4 * 3)];
        header = header[..(4 + (4 * rank))];
        int read = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        if (read >= 4)
        {
            int magic = BinaryPrimitives.ReadInt32BigEndian(header), expected = 0x0800 | rank;
            if (magic != expected)
                throw Bad(name, $"its magic number is 0x{magic:x8}; expected 0x{expected:x8}, an IDX file of {what}");
        }

        if (read < header.Length)
            throw Bad(name, $"it ends after {read} bytes; expected an IDX header of {header.Length} bytes");

        int[] dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]);
            uint limit = i == 0 ? MaxCount : 1u << 15;
            if (value > limit)
                throw Bad(name,
                    $"its header claims {value} {(i == 0 ? what : i == 1 ? "rows" : "columns")}; expected at most {limit}");
            dimensions[i] = (int)value;
        }

        return dimensions;
    }

    private static byte[] ReadExactly(Stream content, int length, Func<long> limit, string name, string what)
    {
        byte[] values = new byte[Math.Min(length, ChunkBytes)];
        int filled = 0;
        while (filled < length)
        {
            if (filled == values.Length)
                Array.Resize(ref values, (int)Math.Min(length, 2L * filled));
            int read = content.Read(values, filled, values.Length - filled);
            if (read == 0)
                throw Bad(name, $"it holds {filled} bytes of {what}; its header claims {length}");
            filled += read;
            if (filled > limit())
            {
                throw Bad(name,
                    $"it unzips to more than {limit()} bytes; expected at most {MaxExpansion} times the size of the file, "
                    + $"or {AnyExpansionBytes}");
            }

        }

        if (content.ReadByte() >= 0)
            throw Bad(name, $"it holds more than the {length} bytes of {what} that its header claims");
        return values;
    }

    private static InputException Bad(string name, string problem) => new($"{name}: {problem}.");
}
