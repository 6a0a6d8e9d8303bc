using System.Globalization;
using System.Numerics;
using SimdConv.Kernels;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Gemm;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Processes;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Blocks;

/// <summary>
/// A sample of all properties in processes that take the caches to be smaller or larger than they are: blocks and strips are
/// cut elsewhere there, and all results have the bits that they have in this process.
/// </summary>
public sealed class CacheProcessTests
{
    private static readonly Lazy<string[]> DigestsHere = new(CacheChild.Digests);

    [Theory]
    [InlineData(32, 256)]
    [InlineData(32, 512)]
    [InlineData(48, 1024)]
    [InlineData(64, 2048)]
    public void OtherCachesGiveTheSameBits(int kilobytesOfL1, int kilobytesOfL2)
    {
        string sizes = string.Create(
            CultureInfo.InvariantCulture, $"{kilobytesOfL1 << 10},{kilobytesOfL2 << 10},{kilobytesOfL2 << 13}");
        string output = ChildProcess.MustSucceed(["caches"], (Effort.CachesVariable, sizes));
        Assert.Contains($"caches={sizes}\n", output, StringComparison.Ordinal);
        Assert.Equal(DigestsHere.Value, output.Split('\n').Where(line => line.StartsWith("digest ", StringComparison.Ordinal)));
    }
}

/// <summary>What such a process does, in the two best tiers.</summary>
internal static class CacheChild
{
    private const int Cases = 8;

    /// <summary>Layers that are cut in strips, blocks or chunks with some caches or all.</summary>
    private static readonly ConvCase[] Layers =
    [
        Layer(new Conv2DShape(64, 40, 56, 9, 3, 3).WithPadding(1, 1), 1),
        Layer(new(512, 14, 14, 20, 1, 1), 2),
        Layer(new Conv2DShape(300, 20, 20, 7, 3, 3) { StrideH = 2, StrideW = 2 }.WithPadding(1, 1), 1),
        Layer(new Conv2DShape(3, 111, 112, 16, 7, 7) { StrideH = 2, StrideW = 2 }.WithPadding(3, 3), 1),
        Layer(new Conv2DShape(48, 56, 57, 48, 3, 3) { Groups = 48 }.WithPadding(1, 1), 2),
        Layer(new Conv2DShape(40, 7, 7, 200, 3, 3).WithPadding(1, 1), 3),
        Layer(new Conv2DShape(64, 30, 29, 33, 3, 3).WithPadding(1, 1), 1) with { Algorithm = ConvAlgorithm.WinogradF2 },
        Layer(new Conv2DShape(300, 6, 7, 20, 3, 3).WithPadding(1, 1), 9) with { Algorithm = ConvAlgorithm.WinogradF4 },
    ];

    private static readonly GemmCase[] Products =
    [
        Product(37, 700, 900),
        Product(150, 300, 700),
        Product(700, 40, 1100),
        Product(3, 1500, 900),
    ];

    private static SimdTier[] TiersHere => [.. SimdSupport.Available.TakeLast(2)];

    public static void Run()
    {
        Console.WriteLine($"caches={CacheSizes.L1},{CacheSizes.L2},{CacheSizes.L3}");
        Check<float>();
        Check<double>();
        foreach (string digest in Digests())
            Console.WriteLine(digest);
    }

    public static string[] Digests() => [.. TiersHere.SelectMany(tier =>
        (string[])[$"digest {tier} {TierChild.Digest(tier):X16}", Digest<float>(tier), Digest<double>(tier)])];

    private static string Digest<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ulong digest = TierChild.EmptyDigest;
        foreach (GemmCase g in Products)
            TierChild.Add<T>(ref digest, GemmProperties<T>.Execute(g, tier.Run(2)));
        foreach (ConvCase c in Layers)
        {
            ConvRun<T> run = new(c);
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                TierChild.Add<T>(ref digest, ConvProperties<T>.Execute(run, direction, tier.Run(2)));
        }

        return $"digest {tier} {typeof(T).Name} {digest:X16}";
    }

    private static void Check<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        BlockProperties<T>.Convolutions(TiersHere, Cases);
        foreach (SimdTier tier in TiersHere)
        {
            BlockProperties<T>.Products(tier, Cases / 2);
            Properties.Check(tier, GemmCases.Any(), Cases, g => GemmProperties<T>.SameOnAnyThreads(tier, g));
            Properties.Check(tier, PoolCases.Any(), Cases, c => PoolProperties<T>.Forward(tier, c));
            Properties.Check(tier, PoolCases.Any(), Cases, c => PoolProperties<T>.Backward(tier, c));
            Properties.Check(tier, ConvCases.Any(), Cases, c => Im2ColProperties<T>.Unfold(tier, c));
            Properties.Check(tier, ConvCases.Any(), Cases, c => Im2ColProperties<T>.Fold(tier, c));
            Properties.Check(tier, ConvCases.Any(), Cases, c => ConvProperties<T>.EpilogueFollowsTheSum(tier, c));
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            {
                Properties.Check(tier, ConvCases.Any(), Cases, c => ConvProperties<T>.MatchesReference(tier, direction, c));
                Properties.Check(tier, ConvCases.Any(), Cases, c => ConvProperties<T>.SameOnAnyThreads(tier, direction, c));
            }
        }
    }

    private static ConvCase Layer(Conv2DShape shape, int batch) =>
        new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0.7, batch % 2 == 0, DataKind.Real, shape.C);

    private static GemmCase Product(int m, int n, int k) =>
        new(Transpose.No, m % 2 == 0 ? Transpose.Yes : Transpose.No, m, n, k, 1, 0.7, 0, 0, 0, DataKind.Real, m);
}
