namespace SimdConv.Cli.Data;

/// <summary>The checksum of zip and gzip.</summary>
internal struct Crc32
{
    private static readonly uint[] Table = CreateTable();

    // The complement of the state, so that a new object has the checksum of no bytes.
    private uint sum;

    public readonly uint Sum => sum;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint state = ~sum;
        foreach (byte value in bytes)
            state = Table[(byte)(state ^ value)] ^ (state >> 8);
        sum = ~state;
    }

    private static uint[] CreateTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
