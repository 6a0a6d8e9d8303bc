using System.Runtime.InteropServices;
using System.Text;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// Reads messages in protobuf's wire format where they are in the file: weights, which are most of it, are passed over until
/// somebody asks for them. A general library would copy them first.
/// </summary>
internal sealed class WireReader(Stream stream)
{
    private const int MostVarintBytes = 10;

    /// <summary>Whether weights may be left out, since they are packed in another part of the file.</summary>
    public bool HasWeightsElsewhere { get; init; }

    /// <summary>The message that is the whole file.</summary>
    public WireField File => new(0, WireKind.Bytes, 0, 0, stream.Length);

    /// <summary>The fields of a message, in their order.</summary>
    public IEnumerable<WireField> Fields(WireField message)
    {
        Require(message, WireKind.Bytes);
        for (long at = message.Start; at < message.End;)
        {
            stream.Position = at;
            ulong tag = Varint(message.End);
            (ulong number, WireKind kind) = (tag >> 3, (WireKind)(tag & 7));
            if (number is 0 or > int.MaxValue)
                throw Damaged($"a field has the number {number}", at);
            ulong value = kind is WireKind.Number or WireKind.Bytes ? Varint(message.End) : 0;
            long start = stream.Position;
            ulong length = kind switch
            {
                WireKind.Number => 0,
                WireKind.Eight => 8,
                WireKind.Bytes => value,
                WireKind.Four => 4,
                _ => throw Damaged($"a field is written as {(int)kind}; expected 0, 1, 2 or 5", at),
            };
            if (length > (ulong)(message.End - start))
                throw Damaged($"a field has {length} bytes, where its message has {message.End - start} left", at);
            yield return new((int)number, kind, value, start, at = start + (long)length);
        }
    }

    public long Int(WireField field)
    {
        Require(field, WireKind.Number);
        return unchecked((long)field.Value);
    }

    public float Float(WireField field)
    {
        Require(field, WireKind.Four);
        float value = 0;
        Read(field, MemoryMarshal.AsBytes(new Span<float>(ref value)));
        return value;
    }

    public string Text(WireField field)
    {
        Require(field, WireKind.Bytes);
        byte[] bytes = new byte[checked((int)field.Length)];
        Read(field, bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Whole numbers: one, or several behind each other.</summary>
    public IEnumerable<long> Ints(WireField field)
    {
        if (field.Kind == WireKind.Number)
        {
            yield return Int(field);
            yield break;
        }

        Require(field, WireKind.Bytes);
        for (long at = field.Start; at < field.End; at = stream.Position)
        {
            stream.Position = at;
            yield return unchecked((long)Varint(field.End));
        }
    }

    /// <summary>Reads the first bytes of a field.</summary>
    public void Read(WireField field, Span<byte> bytes)
    {
        stream.Position = field.Start;
        stream.ReadExactly(bytes);
    }

    private ulong Varint(long end)
    {
        ulong value = 0;
        for (int i = 0; i < MostVarintBytes && stream.Position < end; i++)
        {
            int one = stream.ReadByte();
            value |= (ulong)(one & 0x7F) << (7 * i);
            if (one < 0x80)
                return value;
        }

        throw Damaged("a number has no end", stream.Position);
    }

    private static void Require(WireField field, WireKind kind)
    {
        if (field.Kind != kind)
            throw Damaged($"field {field.Number} is written as {field.Kind}; expected {kind}", field.Start);
    }

    private static NetworkException Damaged(string what, long at) =>
        new($"the file is damaged, or no ONNX model: {what}, at byte {at}.");
}
