using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Layouts;

/// <summary>What is decided about strides by arithmetic is what visiting every element gives.</summary>
public sealed unsafe class StridedSumsTests
{
    private static readonly int Cases = Effort.Cases(20_000);

    [Fact]
    public void DistinctPlacesAreThoseOfVisitedElements()
    {
        Random random = new((int)Properties.Seed);
        int distinct = 0;
        for (int i = 0; i < Cases; i++)
        {
            (nint Stride, nint Count)[] operand = Operand(random, random.Next(1, 5));
            HashSet<long> places = [];
            bool expected = Places(operand).All(places.Add);
            Assert.True(expected == StridedSums.AreDistinct(operand), $"distinct: {expected}, for {string.Join(", ", operand)}");
            distinct += expected ? 1 : 0;
        }

        Assert.InRange(distinct, Cases / 10, Cases * 9 / 10);
    }

    [Fact]
    public void CommonElementsAreThoseOfVisitedElements()
    {
        Random random = new((int)Properties.Seed);
        byte* memory = (byte*)4096;
        int common = 0;
        for (int i = 0; i < Cases; i++)
        {
            (nint Stride, nint Count)[] a = Operand(random, 4), b = random.Next(3) == 0 ? [.. a] : Operand(random, 4);
            long reach = a.Concat(b).Sum(d => d.Stride * Math.Max(0, d.Count - 1));

            // Mostly whole elements apart, else some bytes.
            long apart = random.NextInt64(-reach - 2, reach + 3) * sizeof(float) + (random.Next(5) == 0 ? random.Next(1, 4) : 0);
            bool expected = Meet(Places(a), Places(b), apart);
            ElementSet<float> first = Set((float*)(memory + (4 * reach) + 64), a),
                second = Set((float*)(memory + (4 * reach) + 64 + apart), b);
            string operands = $"{apart} bytes apart: {expected}, for {string.Join(", ", a)} and {string.Join(", ", b)}";
            Assert.True(expected == first.Intersects(second), operands);
            Assert.True(expected == second.Intersects(first), operands);
            common += expected ? 1 : 0;
        }

        Assert.InRange(common, Cases / 10, Cases * 9 / 10);
    }

    /// <summary>Strides that the arithmetic could overflow with, against the same ones divided by a power of two.</summary>
    [Fact]
    public void LargeStridesAreAsSmallOnes()
    {
        Random random = new((int)Properties.Seed);
        for (int i = 0; i < Cases; i++)
        {
            (nint Stride, nint Count)[] small = Operand(random, 4),
                large = [.. small.Select(d => ((nint)(d.Stride << 50), d.Count))];
            Assert.Equal(StridedSums.AreDistinct(small), StridedSums.AreDistinct(large));
        }
    }

    /// <summary>Congruences of moduli near 2^30, whose products need more than 64 bits.</summary>
    [Theory]
    [InlineData(1_073_741_789, 1_073_741_827, 3, 1 << 30, true)]
    [InlineData(1_073_741_789, 1_073_741_827, 1_073_741_828, 1_073_741_790, false)]
    [InlineData(1_073_741_789, 1_073_741_827, 1_073_741_827, 1_073_741_790, true)]
    public void LargeCoprimeStridesMeetAtTheirProduct(int small, int large, int countOfSmall, int countOfLarge, bool expected) =>
        Assert.Equal(expected, StridedSums.AreDistinct((small, countOfSmall), (large, countOfLarge)));

    /// <summary>
    /// The worst that was found of strides without any order takes milliseconds, and common ones far less than a microsecond.
    /// </summary>
    [Fact]
    public void StridesWithoutOrderAreDecidedQuickly()
    {
        Random random = new(1);
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < 2000; i++)
        {
            (nint Stride, nint Count)[] a = Any(), b = Any();
            _ = StridedSums.AreDistinct(a);
            _ = Set((float*)4096, a).Intersects(Set((float*)(4096 + (4 * random.Next(1 << 20))), b));
        }

        Assert.InRange(watch.ElapsedMilliseconds, 0, 20_000);

        (nint, nint)[] Any() => [.. Enumerable.Range(0, 4).Select(_ =>
            ((nint)random.Next(1, 1 << random.Next(1, 26)), (nint)random.Next(1, 1 << random.Next(1, 7))))];
    }

    private static (nint Stride, nint Count)[] Operand(Random random, int dimensions) =>
        [.. Enumerable.Range(0, dimensions).Select(_ => ((nint)random.Next(0, random.Next(2) == 0 ? 6 : 40),
            (nint)random.Next(random.Next(8) == 0 ? 0 : 1, 6)))];

    private static ElementSet<float> Set(float* data, (nint Stride, nint Count)[] d) =>
        d.Any(each => each.Count == 0) ? new(data, (1, 0)) : new(data, d[0], d[1], d[2], d[3]);

    private static IEnumerable<long> Places(IEnumerable<(nint Stride, nint Count)> operand) =>
        operand.Aggregate((IEnumerable<long>)[0],
        (places, d) => places.SelectMany(place => Enumerable.Range(0, (int)d.Count).Select(i => place + (i * d.Stride))));

    /// <summary>Whether an element of four bytes shares one with another.</summary>
    private static bool Meet(IEnumerable<long> a, IEnumerable<long> b, long apart)
    {
        HashSet<long> bytes = [.. a.SelectMany(place => Enumerable.Range(0, sizeof(float)).Select(i =>
            (sizeof(float) * place) + i))];
        return b.Any(place => Enumerable.Range(0, sizeof(float)).Any(i => bytes.Contains((sizeof(float) * place) + i + apart)));
    }
}
