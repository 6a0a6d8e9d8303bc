using System.Runtime.InteropServices;

namespace SimdConv.Core;

/// <summary>
/// One packed array in a file: what it is, the layouts of its panels, and its parts: two arrays of panels, the marks of each (see
/// <see cref="TapMarks"/>), and the elements that were packed. All is checked when it is read, in this order: the name, the sum
/// of the header, the version, sizes against each other and against what there is, the sums of the parts. Nothing is allocated
/// for a number that hasn't been checked.
/// </summary>
internal sealed unsafe class PackedRecord
{
    /// <summary>Records, their headers and their parts begin at multiples of so many bytes.</summary>
    public const int Alignment = AlignedArray<byte>.Alignment;

    /// <summary>Arrays of panels with a layout each: for the forward pass, or a matrix; and for the input gradient.</summary>
    public const int Layouts = 2;

    public const int PartCount = RawPart + 1;

    /// <summary>The part of the marks that go with the first array of panels.</summary>
    public const int MarksPart = Layouts;

    /// <summary>The part of the elements that were packed.</summary>
    public const int RawPart = 2 * Layouts;

    private readonly byte* data;
    private readonly RecordHeader header;

    private PackedRecord(byte* data)
    {
        this.data = data;
        header = *(RecordHeader*)data;
    }

    /// <summary>Bytes of a part as it came, without the zeros behind it.</summary>
    public readonly record struct Part(nint Address, long Bytes)
    {
        public static Part Of<T>(AlignedArray<T> elements)
            where T : unmanaged => new((nint)elements.First, elements.Count * sizeof(T));
    }

    public RecordKind Kind => header.Kind;

    public int ElementBytes => header.ElementBytes;

    public SimdTier Tier => header.Tier;

    public int Use => header.Use;

    public long RecordBytes => header.RecordBytes;

    public ReadOnlySpan<int> Sizes => header.Sizes;

    /// <summary>The numbers that the order of an array of panels depends on.</summary>
    public ReadOnlySpan<int> Layout(int panels) => new(
        (int*)(data + sizeof(RecordHeader)) + (panels == 0 ? 0 : header.LayoutCounts[0]), header.LayoutCounts[panels]);

    public Part this[int part]
    {
        get
        {
            byte* at = data + header.HeaderBytes;
            for (int i = 0; i < part; i++)
                at += RoundUp(header.Parts[i].Bytes);
            return new((nint)at, header.Parts[part].Bytes);
        }
    }

    /// <summary>Reads what a file has from a record on.</summary>
    /// <param name="data">The first byte of the record; at a multiple of <see cref="Alignment"/>.</param>
    /// <param name="bytes">What there is from there on.</param>
    /// <param name="place">The record's place in the file, for errors.</param>
    /// <param name="verifies">Whether the sums of the parts are checked.</param>
    /// <exception cref="InvalidDataException">This is no record, or a damaged one.</exception>
    /// <exception cref="NotSupportedException">It is a record of another version.</exception>
    public static PackedRecord Read(byte* data, long bytes, long place, bool verifies)
    {
        if (bytes < sizeof(RecordHeader))
            throw Damaged(place, $"{bytes} bytes are left", $"the {sizeof(RecordHeader)} of a header");
        PackedRecord record = new(data);
        ref readonly RecordHeader header = ref record.header;
        if (header.Magic != RecordHeader.Name)
            throw Damaged(place, $"the first word is 0x{header.Magic:x}", $"0x{RecordHeader.Name:x}, as packed arrays begin");
        if (header.HeaderBytes < sizeof(RecordHeader) || header.HeaderBytes > bytes || header.HeaderBytes % Alignment != 0)
            throw Damaged(place, $"the header has {header.HeaderBytes} bytes",
                $"a multiple of {Alignment} from {sizeof(RecordHeader)} to {bytes}");
        if (header.Checksum != HeaderSum(data, header.HeaderBytes))
            throw Damaged(place, "the header isn't what its checksum was taken of", "the bytes that were written");
        if (header.Version != RecordHeader.Written)
            throw new NotSupportedException($"The packed array at byte {place} is of version {header.Version}; expected "
                + $"{RecordHeader.Written}, which this library reads: pack the weights again.");
        record.RequireSizes(bytes, place);
        for (int i = 0; i < PartCount && verifies; i++)
        {
            if (Checksum.Of((byte*)record[i].Address, RoundUp(record[i].Bytes)) != header.Parts[i].Checksum)
                throw Damaged(place, $"part {i} isn't what its checksum was taken of", "the bytes that were written");
        }

        return record;
    }

    /// <summary>Writes a record.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="header">All that doesn't follow from the rest.</param>
    /// <param name="layouts">The layout of each array of panels; empty where the record has no such array.</param>
    /// <param name="parts">The parts, at memory that stays where it is.</param>
    public static void Write(Stream destination, RecordHeader header, int[][] layouts, ReadOnlySpan<Part> parts)
    {
        int numbers = 0;
        for (int i = 0; i < Layouts; i++)
            numbers += header.LayoutCounts[i] = layouts[i].Length;
        header.Magic = RecordHeader.Name;
        header.Version = RecordHeader.Written;
        header.HeaderBytes = (int)RoundUp(sizeof(RecordHeader) + ((long)numbers * sizeof(int)));
        header.RecordBytes = header.HeaderBytes;
        byte[] head = new byte[header.HeaderBytes], tail = new byte[Alignment];
        for (int i = 0; i < PartCount; i++)
        {
            header.Parts[i] = new() { Bytes = parts[i].Bytes, Checksum = SumOf(parts[i], tail) };
            header.RecordBytes += RoundUp(parts[i].Bytes);
        }

        Span<int> to = MemoryMarshal.Cast<byte, int>(head.AsSpan(sizeof(RecordHeader)));
        layouts[0].CopyTo(to);
        layouts[1].CopyTo(to[layouts[0].Length..]);
        fixed (byte* first = head)
        {
            *(RecordHeader*)first = header;
            ((RecordHeader*)first)->Checksum = HeaderSum(first, header.HeaderBytes);
        }

        destination.Write(head);
        foreach (Part part in parts)
        {
            for (long at = 0, count; at < Whole(part); at += count)
            {
                count = Math.Min(Whole(part) - at, 1 << 30);
                destination.Write(new ReadOnlySpan<byte>((byte*)part.Address + at, (int)count));
            }

            FillTail(part, tail);
            destination.Write(tail.AsSpan(0, (int)(RoundUp(part.Bytes) - Whole(part))));
        }
    }

    /// <summary>The checksum of a header, without the checksum itself.</summary>
    public static ulong HeaderSum(byte* data, int bytes)
    {
        ulong* words = (ulong*)data;
        return Checksum.Of(data + RecordHeader.Summed, bytes - RecordHeader.Summed,
            seed: Checksum.OfWords(words[0], words[1], words[2]));
    }

    /// <summary>Bytes of a part with the zeros behind it.</summary>
    private static long RoundUp(long bytes) => Shapes.RoundUp(bytes, Alignment);

    private static long Whole(Part part) => part.Bytes / Alignment * Alignment;

    /// <summary>What is behind the last whole line of a part, with zeros behind that.</summary>
    private static void FillTail(Part part, Span<byte> tail)
    {
        tail.Clear();
        new ReadOnlySpan<byte>((byte*)part.Address + Whole(part), (int)(part.Bytes - Whole(part))).CopyTo(tail);
    }

    /// <summary>The sum of a part with the zeros behind it.</summary>
    private static ulong SumOf(Part part, Span<byte> tail)
    {
        FillTail(part, tail);
        fixed (byte* last = tail)
            return Checksum.Of((byte*)part.Address, Whole(part), last, (int)(RoundUp(part.Bytes) - Whole(part)));
    }

    private static InvalidDataException Damaged(long place, string found, string expected) =>
        new($"The file of packed weights is damaged, or none: at byte {place} {found}; expected {expected}.");

    /// <summary>Sizes are what they have to be whoever wrote the file: what is read later is inside of it.</summary>
    private void RequireSizes(long bytes, long place)
    {
        long numbers = 0;
        for (int i = 0; i < Layouts; i++)
        {
            if (header.LayoutCounts[i] < 0)
                throw Damaged(place, $"layout {i} has {header.LayoutCounts[i]} numbers", "0 or more");
            numbers += header.LayoutCounts[i];
        }

        if (header.HeaderBytes != RoundUp(sizeof(RecordHeader) + (numbers * sizeof(int))))
            throw Damaged(place, $"the header has {header.HeaderBytes} bytes", $"those of {numbers} numbers");
        long left = bytes - header.HeaderBytes, sum = header.HeaderBytes;
        for (int i = 0; i < PartCount; i++)
        {
            long part = header.Parts[i].Bytes;
            if (part < 0 || part > left || RoundUp(part) > left)
                throw Damaged(place, $"part {i} has {part} bytes", $"0 to {left}, which are left of the file");
            left -= RoundUp(part);
            sum += RoundUp(part);
        }

        if (header.RecordBytes != sum)
            throw Damaged(place, $"the record has {header.RecordBytes} bytes", $"{sum}, those of its parts");
    }
}
