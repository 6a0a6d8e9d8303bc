using System.Numerics;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

internal static class RandomData
{
    private const double Scale = 1.0 / (1L << 62) / 2;

    /// <summary>Uniform values in [-1, 1), the same ones for the same seed.</summary>
    public static NativeArray<T> Uniform<T>(long length, int seed)
        where T : unmanaged, INumber<T>
    {
        // xorshift: some rows have a hundred million elements.
        ulong state = (ulong)seed * 0x9E3779B97F4A7C15;
        NativeArray<T> array = new(length);
        foreach (ref T value in array.Span)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            value = T.CreateTruncating((long)state * Scale);
        }

        return array;
    }
}
