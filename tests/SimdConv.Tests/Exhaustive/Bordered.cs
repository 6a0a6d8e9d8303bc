using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// Operands and results of the sweeps, with canaries before and behind each: a canary that is read shows as NaN, and one that is
/// overwritten is found.
/// </summary>
internal static class Bordered<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Margin = 16;

    private static readonly T[] Canaries = Data.Filled(Margin, Data.Canary<T>());

    /// <summary>What runs the library, writing to <paramref name="output"/>.</summary>
    public delegate void Pass(Span<T> output);

    /// <summary>Integers as elements, between canaries.</summary>
    public static Memory<T> Input(ReadOnlySpan<int> values)
    {
        T[] memory = New(values.Length);
        Convert(values, memory.AsSpan(Margin));
        return memory.AsMemory(Margin, values.Length);
    }

    /// <summary>
    /// Runs a pass that must give beta * before + sums, bit for bit (but -0 equals +0). With beta = 0 the output holds NaN
    /// ahead. Says what is wrong, or null.
    /// </summary>
    public static string? Difference(ReadOnlySpan<int> sums, ReadOnlySpan<int> before, int beta, Pass pass)
    {
        T[] memory = New(sums.Length);
        if (beta != 0)
            Convert(before, memory.AsSpan(Margin));
        Span<T> actual = memory.AsSpan(Margin, sums.Length);
        try
        {
            pass(actual);
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name}: {e.Message.Split('\n')[0]}";
        }

        return SameBits(memory.AsSpan(0, Margin), Canaries) && SameBits(memory.AsSpan(Margin + sums.Length), Canaries)
            ? Difference(actual, sums, before, beta)
            : "memory beside the output was written";
    }

    /// <summary>Where a result isn't beta * before + sums, bit for bit (but -0 equals +0); null if it is everywhere.</summary>
    public static string? Difference(ReadOnlySpan<T> actual, ReadOnlySpan<int> sums, ReadOnlySpan<int> before, int beta)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            T expected = T.CreateTruncating(beta == 0 ? sums[i] : sums[i] + (beta * before[i]));
            if (actual[i] != expected)
                return $"element {i} of {sums.Length} is {actual[i]}, expected {expected}";
        }

        return null;
    }

    private static T[] New(int length)
    {
        T[] memory = new T[length + (2 * Margin)];
        Array.Fill(memory, Canaries[0]);
        return memory;
    }

    private static void Convert(ReadOnlySpan<int> values, Span<T> elements)
    {
        for (int i = 0; i < values.Length; i++)
            elements[i] = T.CreateTruncating(values[i]);
    }

    private static bool SameBits(ReadOnlySpan<T> a, ReadOnlySpan<T> b) =>
        MemoryMarshal.AsBytes(a).SequenceEqual(MemoryMarshal.AsBytes(b));
}
