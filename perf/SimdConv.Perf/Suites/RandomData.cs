using System.Numerics;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

internal static class RandomData
{
    /// <summary>Uniform values in [-1, 1), the same ones for the same seed.</summary>
    public static NativeArray<T> Uniform<T>(long length, int seed)
        where T : unmanaged, INumber<T>
    {
        Random random = new(seed);
        NativeArray<T> array = new(length);
        foreach (ref T value in array.Span)
            value = T.CreateTruncating((random.NextDouble() * 2) - 1);
        return array;
    }

    public static double[] ToDoubles<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        double[] result = new double[values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = double.CreateChecked(values[i]);
        return result;
    }
}
