namespace SimdConv.Cli.Data;

/// <summary>Passes reads on and keeps the checksum of what was read, which ZipArchive itself doesn't check.</summary>
internal sealed class Crc32Stream(Stream inner) : ForwardStream
{
    private Crc32 crc;

    public uint Sum => crc.Sum;

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        crc.Append(buffer[..read]);
        return read;
    }
}
