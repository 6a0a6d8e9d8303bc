using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Equality;

/// <summary>Vectors are added by the published tree, whoever holds and adds which part of them.</summary>
public sealed class OrderedSumTests
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AddsByTheTree(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int shards in (int[])[1, 2, 3, 4, 5, 7, 8, 12, 16, 31])
        {
            foreach (int length in (int[])[1, 7, 1023, 1024, 1025, 40_000])
            {
                Add<float>(tier, shards, length);
                Add<double>(tier, shards, length);
            }
        }
    }

    /// <summary>
    /// Any cut of the shards into contiguous runs, each added by itself and reduced to its subtrees, ends with the same bits.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AnyHoldersEndWithTheSameBits(SimdTier tier)
    {
        Tiers.Require(tier);
        for (int i = 0; i < 400; i++)
        {
            int seed = unchecked((int)Data.Mix((int)Properties.Seed, i));
            int shards = 1 + (int)(Data.Mix(seed, 1) % 40), length = 1 + (int)(Data.Mix(seed, 2) % 40);
            float[] values = Data.Make<float>(shards * length, DataKind.Real, seed);
            float[] expected = Tree(shards, length, values);
            int[] bounds = [0, .. Enumerable.Range(0, (int)(Data.Mix(seed, 3) % 9)).Select(cut => (int)(Data.Mix(seed, 4 + cut)
                % (ulong)(shards + 1))).Order(), shards];
            List<int> starts = [];
            List<float> sums = [];
            for (int holder = 0; holder + 1 < bounds.Length; holder++)
            {
                (int first, int end) = (bounds[holder], bounds[holder + 1]);
                float[] held = values[(first * length)..(end * length)];
                OrderedSum.Merge<float>(shards, [.. Enumerable.Range(first, end - first)], end, length, held, tier.Run());
                int[] subtrees = OrderedSum.Subtrees(shards, first, end);
                Assert.InRange(subtrees.Length, first == end ? 0 : 1, Math.Max(1, 2 * BitOperations.Log2((uint)shards)));
                starts.AddRange(subtrees);
                foreach (int subtree in subtrees)
                    sums.AddRange(held.AsSpan((subtree - first) * length, length));
            }

            float[] all = [.. sums];
            OrderedSum.Merge<float>(shards, [.. starts], shards, length, all, tier.Run(2));
            Compare.Equal<float>(expected, all.AsSpan(0, length), $"{shards} shards, cut at {string.Join(", ", bounds)}");
        }
    }

    /// <summary>Worked out by hand: of five shards, ((0 + 1) + (2 + 3)) + 4, and what each run of them leaves.</summary>
    [Fact]
    public void SubtreesAreThoseOfTheDefinition()
    {
        Assert.Equal([0], OrderedSum.Subtrees(5, 0, 5));
        Assert.Equal([4], OrderedSum.Subtrees(5, 4, 5));
        Assert.Equal([1, 2, 4], OrderedSum.Subtrees(5, 1, 5));
        Assert.Equal([0, 2], OrderedSum.Subtrees(8, 0, 3));
        Assert.Equal([2, 4], OrderedSum.Subtrees(8, 2, 6));
        Assert.Equal([], OrderedSum.Subtrees(8, 3, 3));
        float[] values = [1e8f, 1, -1e8f, 1, 3];
        OrderedSum.Add<float>(5, 1, values);
        Assert.Equal(((1e8f + 1) + (-1e8f + 1)) + 3, values[0]);
    }

    private static void Add<T>(SimdTier tier, int shards, int length) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = Data.Make<T>(shards * length, DataKind.Real, shards + length), expected = Tree(shards, length, values);
        OrderedSum.Add<T>(shards, length, values, tier.Run(1 + (shards % 3)));
        Compare.Equal<T>(expected, values.AsSpan(0, length), $"{shards} x {length}");
    }

    /// <summary>The sum by the definition: of a tree, the sum of its halves, the left one as large as a power of two.</summary>
    private static T[] Tree<T>(int shards, int length, T[] values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        return [.. Enumerable.Range(0, length).Select(element => Sum(0, shards, element))];

        T Sum(int first, int end, int element)
        {
            if (end - first == 1)
                return values[(first * length) + element];
            int half = first + (int)(BitOperations.RoundUpToPowerOf2((uint)(end - first)) / 2);
            return Sum(first, half, element) + Sum(half, end, element);
        }
    }
}
