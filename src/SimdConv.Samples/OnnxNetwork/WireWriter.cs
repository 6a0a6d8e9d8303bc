namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Writes fields of messages in protobuf's wire format, to memory.</summary>
internal sealed class WireWriter
{
    private readonly MemoryStream memory = new();

    public byte[] Bytes => memory.ToArray();

    public void Number(int field, long value)
    {
        Varint((ulong)field << 3 | (ulong)WireKind.Number);
        Varint(unchecked((ulong)value));
    }

    public void Message(int field, ReadOnlySpan<byte> bytes)
    {
        Varint((ulong)field << 3 | (ulong)WireKind.Bytes);
        Varint((ulong)bytes.Length);
        memory.Write(bytes);
    }

    /// <summary>A field as it is.</summary>
    public void Copy(WireReader wire, WireField field)
    {
        if (field.Kind == WireKind.Number)
        {
            Number(field.Number, unchecked((long)field.Value));
            return;
        }

        byte[] bytes = new byte[checked((int)field.Length)];
        wire.Read(field, bytes);
        if (field.Kind == WireKind.Bytes)
        {
            Message(field.Number, bytes);
            return;
        }

        Varint((ulong)field.Number << 3 | (ulong)field.Kind);
        memory.Write(bytes);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            memory.WriteByte((byte)(value | 0x80));
        memory.WriteByte((byte)value);
    }
}
