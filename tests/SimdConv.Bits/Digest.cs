using System.Numerics;

namespace SimdConv.Bits;

/// <summary>
/// FNV-1a, 64 bits, over the bytes of results, low byte first. The numeric contract leaves the sign of zero and the payload of
/// NaN open, so -0 is hashed as +0, and each NaN as the same one.
/// </summary>
internal struct Digest
{
    private const ulong Offset = 14_695_981_039_346_656_037, Prime = 1_099_511_628_211;

    private ulong value;

    public Digest() => value = Offset;

    public readonly ulong Value => value;

    public void Add<T>(ReadOnlySpan<T> results)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (T result in results)
        {
            T normal = T.IsNaN(result) ? T.NaN : result == T.Zero ? T.Zero : result;
            if (typeof(T) == typeof(float))
                AddBytes(T.IsNaN(normal) ? 0x7FC0_0000U : BitConverter.SingleToUInt32Bits((float)(object)normal), sizeof(float));
            else
                AddBytes(T.IsNaN(normal) ? 0x7FF8_0000_0000_0000UL : BitConverter.DoubleToUInt64Bits((double)(object)normal),
                    sizeof(double));
        }
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (byte each in bytes)
            AddBytes(each, 1);
    }

    public void Add(ReadOnlySpan<long> values)
    {
        foreach (long each in values)
            AddBytes((ulong)each, sizeof(long));
    }

    private void AddBytes(ulong bits, int count)
    {
        for (int i = 0; i < count; i++, bits >>= 8)
            value = (value ^ (bits & 0xFF)) * Prime;
    }
}
