using System.Numerics;

namespace SimdConv.Bits;

/// <summary>Sums of shards by the fixed tree.</summary>
internal static class SumBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static IEnumerable<BitCase> Cases()
    {
        foreach (int shards in (int[])[2, 5, 16])
        {
            yield return new($"ordered-sum/{typeof(T).Name}/{shards}-shards", execution =>
            {
                const int length = 40_001;
                Digest digest = new();
                T[] values = Numbers.Make<T>(shards * length, shards);
                OrderedSum.Add<T>(shards, length, values, execution);
                digest.Add<T>(values.AsSpan(0, length));
                return digest.Value;
            });
        }
    }
}
