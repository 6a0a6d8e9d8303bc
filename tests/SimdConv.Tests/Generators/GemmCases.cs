using FsCheck;
using FsCheck.Fluent;
using SimdConv.Kernels;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>One matrix multiplication; the gaps are what each leading dimension exceeds the row length by.</summary>
public sealed record GemmCase(
    Transpose TransA, Transpose TransB, int M, int N, int K, double Alpha, double Beta, int GapA, int GapB, int GapC,
    DataKind Data, int Seed);

/// <summary>Generates <see cref="GemmCase"/>s; also an FsCheck.Xunit arbitrary.</summary>
public static class GemmCases
{
    /// <summary>Zero, one, and the edges of lanes and tiles.</summary>
    private static readonly int[] Edges =
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65];

    private static readonly double[] Alphas = [1, 1, 1, 0, -0.5, 0.3];

    private static readonly double[] Betas = [0, 0, 1, 0.7];

    public static Arbitrary<GemmCase> Any() => Arb.From(Generator(Size(48), Size(48), Size(48)), Shrink);

    /// <summary>One size far beyond the blocks, the others small.</summary>
    public static Arbitrary<GemmCase> Long() => Arb.From(
        Gen.OneOf(
            Generator(Gen.Choose(150, 800), Size(33), Size(33)),
            Generator(Size(33), Gen.Choose(150, 5000), Size(17)),
            Generator(Size(17), Size(33), Gen.Choose(200, 1200))),
        Shrink);

    /// <summary>
    /// Sizes that cross the blocks of one tile on this CPU: KC, NC and MC, half of L1 and half of L2; at most some ten million
    /// multiply-adds.
    /// </summary>
    public static Arbitrary<GemmCase> AcrossBlocks(KernelInfo tile, int elementSize) => Arb.From(
        from c in Gen.Frequency(
            (4, Generator(Size(33), Size(33), Around(tile.KC, 2))),
            (3, Generator(Size(33), Around(tile.NC, 2), Around(tile.KC, 1))),
            (1, Generator(Around(tile.MC, 1), Size(9), Gen.Constant(tile.KC)).Select(c => c with { Alpha = 0.3 })),
            (2, Generator(Size(33), Around(CacheSizes.L2 / 2 / elementSize / Deep, 1), Gen.Constant(Deep))),
            (4, Generator(Size(33), Size(33), Around(CacheSizes.L1 / 2 / elementSize / tile.NR, 2))
                .Select(c => c with { Alpha = 1 })))
        select Limit(c), Shrink);

    /// <summary>Terms of a product whose B is about as large as half of L2.</summary>
    private const int Deep = 192;

    private static GemmCase Limit(GemmCase c)
    {
        while ((long)c.M * c.N * c.K > 10_000_000)
            c = c.M > 9 ? c with { M = c.M / 2 } : c with { N = c.N / 2 };
        return c;
    }

    /// <summary>One to <paramref name="most"/> blocks, and up to two elements beside, most often a last block of one.</summary>
    private static Gen<int> Around(int block, int most) =>
        from blocks in Gen.Choose(1, most)
        from beside in Gen.Elements(-1, 0, 1, 1, 2)
        select Math.Max(1, (blocks * block) + beside);

    private static Gen<int> Size(int largest) => Gen.Elements(Edges.Where(size => size <= largest + 1).ToArray());

    private static Gen<GemmCase> Generator(Gen<int> rows, Gen<int> columns, Gen<int> terms) =>
        from transA in Gen.Elements(Transpose.No, Transpose.Yes)
        from transB in Gen.Elements(Transpose.No, Transpose.Yes)
        from m in rows
        from n in columns
        from k in terms
        from alpha in Gen.Elements(Alphas)
        from beta in Gen.Elements(Betas)
        from gaps in Gen.Elements(0, 0, 1, 3, 7).Three()
        from data in Gen.Elements(DataKind.Real, DataKind.Real, DataKind.Integers)
        from seed in Gen.Choose(0, int.MaxValue - 8)
        select new GemmCase(transA, transB, m, n, k, alpha, beta, gaps.Item1, gaps.Item2, gaps.Item3, data, seed);

    private static IEnumerable<GemmCase> Shrink(GemmCase c)
    {
        foreach (int m in Smaller(c.M))
            yield return c with { M = m };
        foreach (int n in Smaller(c.N))
            yield return c with { N = n };
        foreach (int k in Smaller(c.K))
            yield return c with { K = k };
        if (c.TransA == Transpose.Yes)
            yield return c with { TransA = Transpose.No };
        if (c.TransB == Transpose.Yes)
            yield return c with { TransB = Transpose.No };
        if (c.Alpha != 1)
            yield return c with { Alpha = 1 };
        if (c.Beta != 0)
            yield return c with { Beta = 0 };
        if (c.GapA + c.GapB + c.GapC > 0)
            yield return c with { GapA = 0, GapB = 0, GapC = 0 };
        if (c.Data != DataKind.Impulse)
            yield return c with { Data = DataKind.Impulse };
    }

    /// <summary>Towards 1: the smallest first, then halves, then one less.</summary>
    internal static IEnumerable<int> Smaller(int size, int least = 1)
    {
        if (size <= least)
            yield break;
        yield return least;
        if (size / 2 > least)
            yield return size / 2;
        if (size - 1 > least && size - 1 != size / 2)
            yield return size - 1;
    }
}
