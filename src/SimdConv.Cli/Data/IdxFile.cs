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

    /// <summary>Reads images as count x height x width, or count x channels x height x width.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">What to call the file in errors.</param>
    /// <param name="checkDimensions">Refuses wrong ones.</param>
    /// <param name="kept">Which images are wanted, ascending ranges; all if there is none. Others are passed over.</param>
    public static IdxArray ReadImages(
        Stream file, string name, Action<int[]>? checkDimensions = null, IReadOnlyList<(int First, int End)>? kept = null) =>
        Read(file, name, "images", checkDimensions, kept, 3, 4);

    /// <summary>Reads labels.</summary>
    public static IdxArray ReadLabels(Stream file, string name) => Read(file, name, "labels", null, null, 1);

    private static IdxArray Read(Stream file, string name, string what, Action<int[]>? checkDimensions,
        IReadOnlyList<(int First, int End)>? kept, params int[] ranks)
    {
        try
        {
            using Unzipped content = new(file);
            int[] dimensions = ReadHeader(content, name, ranks, what);
            checkDimensions?.Invoke(dimensions);
            // Four dimensions of 2^20 and 2^15 elements fit in 128 bits alone.
            Int128 length = 1;
            foreach (int dimension in dimensions)
                length *= dimension;
            if (length > Array.MaxLength)
                throw Bad(name, $"its header claims {length} bytes of {what}; expected at most {Array.MaxLength}");
            if (kept is null)
                return new IdxArray(dimensions, ReadExactly(content, 0, (int)length, (int)length, Limit, name, what));
            return ReadParts(content, dimensions, kept, (int)length, Limit, name, what);

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

    private static int[] ReadHeader(Stream content, string name, int[] ranks, string what)
    {
        Span<byte> header = stackalloc byte[4 + (4 * 4)];
        int read = content.ReadAtLeast(header[..4], 4, throwOnEndOfStream: false), rank = ranks[0];
        if (read == 4)
        {
            int magic = BinaryPrimitives.ReadInt32BigEndian(header);
            rank = Array.Find(ranks, known => magic == (0x0800 | known));
            if (rank == 0)
            {
                string expected = string.Join(" or ", ranks.Select(known => $"0x{0x0800 | known:x8}"));
                throw Bad(name, $"its magic number is 0x{magic:x8}; expected {expected}, an IDX file of {what}");
            }

            read += content.ReadAtLeast(header.Slice(4, 4 * rank), 4 * rank, throwOnEndOfStream: false);
        }

        header = header[..(4 + (4 * rank))];

        if (read < header.Length)
            throw Bad(name, $"it ends after {read} bytes; expected an IDX header of {header.Length} bytes");

        int[] dimensions = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(header[(4 + (4 * i))..]);
            uint limit = i == 0 ? MaxCount : 1u << 15;
            string dimension = i == 0 ? what : i == rank - 1 ? "columns" : i == rank - 2 ? "rows" : "channels";
            if (value > limit)
                throw Bad(name, $"its header claims {value} {dimension}; expected at most {limit}");
            dimensions[i] = (int)value;
        }

        return dimensions;
    }

    /// <summary>The elements of some ranges of the first dimension, one behind the other.</summary>
    private static IdxArray ReadParts(Unzipped content, int[] dimensions, IReadOnlyList<(int First, int End)> kept, int length,
        Func<long> limit, string name, string what)
    {
        int size = dimensions[0] == 0 ? 0 : length / dimensions[0], at = 0, count = 0;
        List<byte[]> parts = [];
        foreach ((int first, int end) in kept)
        {
            Skip(first * size);
            parts.Add(ReadExactly(content, at, (end - first) * size, length, limit, name, what, isLast: false));
            (at, count) = (end * size, count + end - first);
        }

        Skip(length);
        _ = ReadExactly(content, length, 0, length, limit, name, what);
        return new IdxArray([count, .. dimensions[1..]], parts is [byte[] one] ? one : [.. parts.SelectMany(part => part)]);

        void Skip(int to)
        {
            long skipped = content.Skip(to - at);
            if (skipped < to - at)
                throw Bad(name, $"it holds {at + skipped} bytes of {what}; its header claims {length}");
            at = to;
        }
    }

    /// <summary>Reads elements of an array of <paramref name="all"/>, of which some were read before.</summary>
    private static byte[] ReadExactly(
        Unzipped content, int before, int length, int all, Func<long> limit, string name, string what, bool isLast = true)
    {
        byte[] values = new byte[Math.Min(length, ChunkBytes)];
        int filled = 0;
        while (filled < length)
        {
            if (filled == values.Length)
                Array.Resize(ref values, (int)Math.Min(length, 2L * filled));
            int read = content.Read(values, filled, values.Length - filled);
            if (read == 0)
                throw Bad(name, $"it holds {before + filled} bytes of {what}; its header claims {all}");
            filled += read;
            if ((long)before + filled > limit())
            {
                throw Bad(name,
                    $"it unzips to more than {limit()} bytes; expected at most {MaxExpansion} times the size of the file, "
                    + $"or {AnyExpansionBytes}");
            }
        }

        if (isLast && content.ReadByte() >= 0)
            throw Bad(name, $"it holds more than the {all} bytes of {what} that its header claims");
        return values;
    }

    private static InputException Bad(string name, string problem) => new($"{name}: {problem}.");
}
