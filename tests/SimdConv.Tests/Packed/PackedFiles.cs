using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Core;

namespace SimdConv.Tests.Packed;

/// <summary>Files of packed weights in memory.</summary>
internal static unsafe class PackedFiles
{
    public static byte[] Save<T>(PackedFilter<T> filter, ReadOnlySpan<T> weights)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using MemoryStream stream = new();
        filter.Save(stream, weights);
        return stream.ToArray();
    }

    public static byte[] Save<T>(PackedMatrix<T> matrix, ReadOnlySpan<T> elements)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using MemoryStream stream = new();
        matrix.Save(stream, elements);
        return stream.ToArray();
    }

    public static PackedFile Read(byte[] bytes) => PackedFile.Read(new MemoryStream(bytes, writable: false));

    /// <summary>Makes the checksum of the first header the one of its bytes.</summary>
    public static void Sign(byte[] bytes)
    {
        fixed (byte* data = bytes)
        {
            RecordHeader* header = (RecordHeader*)data;
            if (header->HeaderBytes % 64 == 0 && header->HeaderBytes > 0 && header->HeaderBytes <= bytes.Length)
                header->Checksum = PackedRecord.HeaderSum(data, header->HeaderBytes);
        }
    }

    /// <summary>Overwrites the panels of a filter that has memory of its own.</summary>
    public static void Fill<T>(PackedFilter<T> filter, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (AlignedArray<T> panels in (AlignedArray<T>[])[filter.Forward.Elements, filter.InputGradient.Elements])
            new Span<T>(panels.First, (int)panels.Count).Fill(value);
    }

    /// <summary>Two filters serve the same passes with the same bytes.</summary>
    public static void RequireEqual<T>(PackedFilter<T> expected, PackedFilter<T> actual)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal((expected.Tier, expected.Use), (actual.Tier, actual.Use));
        RequireEqual(expected.Forward, actual.Forward);
        RequireEqual(expected.InputGradient, actual.InputGradient);
        GC.KeepAlive(actual);
        GC.KeepAlive(expected);
    }

    private static void RequireEqual<T>(PackedPanels<T> expected, PackedPanels<T> actual)
        where T : unmanaged
    {
        Assert.True(Bytes(expected.Elements).SequenceEqual(Bytes(actual.Elements)), "panels differ");
        Assert.Equal(0u, (nuint)actual.Elements.First % 64);
        Assert.Equal(expected.Marks?.IsAny, actual.Marks?.IsAny);
        if (expected.Marks is { IsAny: true } marks)
            Assert.True(marks.Marks.SequenceEqual(actual.Marks!.Marks), "marks differ");
    }

    private static ReadOnlySpan<byte> Bytes<T>(AlignedArray<T> elements)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(elements.First, (int)elements.Count));
}
