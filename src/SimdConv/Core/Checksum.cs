namespace SimdConv.Core;

/// <summary>
/// Tells whether bytes of a file are those that were written: two CRC-32C, of the words of 64 bits with even and with odd
/// numbers, so that the CPU has two of its instructions under way. Both are kept whole: one sum of several sums has errors of two
/// bits that it doesn't see. An error within 32 neighbouring bits of a word never goes unnoticed.
/// </summary>
internal static unsafe class Checksum
{
    /// <summary>The sum of bytes in two pieces.</summary>
    /// <param name="data">The first byte of the first piece.</param>
    /// <param name="bytes">Its bytes; as in the second one a multiple of 16.</param>
    /// <param name="tail">The first byte of the second piece.</param>
    /// <param name="tailBytes">Its bytes.</param>
    /// <param name="seed">What the sum depends on beside them.</param>
    public static ulong Of(byte* data, long bytes, byte* tail = null, int tailBytes = 0, uint seed = 0)
    {
        uint even = ~seed, odd = ~seed;
        ulong* word = (ulong*)data, end = (ulong*)(data + bytes);
        for (int piece = 0; piece < 2; piece++, word = (ulong*)tail, end = (ulong*)(tail + tailBytes))
        {
            for (; word < end; word += 2)
            {
                even = BitOperations.Crc32C(even, word[0]);
                odd = BitOperations.Crc32C(odd, word[1]);
            }
        }

        return ((ulong)odd << 32) | even;
    }

    /// <summary>The sum of a few words.</summary>
    public static uint OfWords(params ReadOnlySpan<ulong> words)
    {
        uint sum = 0;
        foreach (ulong word in words)
            sum = BitOperations.Crc32C(sum, word);
        return sum;
    }
}
