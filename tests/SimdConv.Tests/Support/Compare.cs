using System.Numerics;
using System.Runtime.InteropServices;
using Xunit.Sdk;

namespace SimdConv.Tests.Support;

/// <summary>The two ways in which results are compared: equal, and within the bound of the numeric contract.</summary>
internal static class Compare
{
    /// <summary>Equal means ==, and NaN equals NaN.</summary>
    public static void Equal<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (expected.Length != actual.Length)
            throw new XunitException($"{what}: {actual.Length} elements, expected {expected.Length}");
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i] != actual[i] && !(T.IsNaN(expected[i]) && T.IsNaN(actual[i])))
                throw new XunitException($"{what}: element {i} of {expected.Length} is {actual[i]:R}, expected {expected[i]:R}");
        }
    }

    /// <summary>The same bits: for memory that must not have been written.</summary>
    public static void Untouched<T>(ReadOnlySpan<T> before, ReadOnlySpan<T> after, string what) where T : unmanaged
    {
        if (!MemoryMarshal.AsBytes(before).SequenceEqual(MemoryMarshal.AsBytes(after)))
            throw new XunitException($"{what} was written to");
    }

    /// <summary>
    /// |actual - exact| &lt;= gamma(terms + 2) * gauge + (terms + 2) * tiny, with gamma(n) = n u / (1 - n u). Returns the largest
    /// error as a fraction of its bound.
    /// </summary>
    public static double WithinBound<T>(
        ReadOnlySpan<double> exact, ReadOnlySpan<double> gauge, ReadOnlySpan<T> actual, long terms, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (double unit, double tiny) = typeof(T) == typeof(float)
            ? (Math.ScaleB(1, -24), Math.ScaleB(1, -149))
            : (Math.ScaleB(1, -53), double.Epsilon);
        double n = terms + 2, gamma = n * unit / (1 - (n * unit)), worst = 0;
        if (exact.Length != actual.Length)
            throw new XunitException($"{what}: {actual.Length} elements, expected {exact.Length}");
        for (int i = 0; i < exact.Length; i++)
        {
            double value = double.CreateTruncating(actual[i]), bound = (gamma * gauge[i]) + (n * tiny);
            double ratio = Math.Abs(value - exact[i]) / bound;
            if (!(ratio <= 1))
                throw new XunitException(
                    $"{what}: element {i} of {exact.Length} is {value:R}, expected {exact[i]:R}: the error "
                    + $"is {ratio:G4} of its bound");
            worst = Math.Max(worst, ratio);
        }

        return worst;
    }
}
