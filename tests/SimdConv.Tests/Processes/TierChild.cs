using System.Numerics;
using System.Runtime.Intrinsics.X86;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Gemm;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// A few cases of every property in the best tier that this process has, after proving that the process is what its parent asked
/// for.
/// </summary>
internal static class TierChild
{
    private const int Cases = 40;

    public static void Run(SimdTier best, bool fuses)
    {
        Console.WriteLine(
            $"active={SimdSupport.Best} fuses={SimdSupport.Fuses(SimdSupport.Best)} "
            + $"available={string.Join(',', SimdSupport.Available)} "
            + $"vector={Vector<byte>.Count} avx2={Avx2.IsSupported} fma={Fma.IsSupported} avx512={Avx512F.IsSupported}");
        Assert.Equal(best, SimdSupport.Best);
        Assert.Equal(fuses, SimdSupport.Fuses(best));
        Check<float>(best);
        Check<double>(best);
        Console.WriteLine($"digest {best} {Digest(best):X16}");
    }

    /// <summary>The digest of nothing: the offset basis of FNV-1a.</summary>
    public const ulong EmptyDigest = 14_695_981_039_346_656_037;

    /// <summary>Results of fixed cases of every operation: equal in all tiers that fuse, in whatever process.</summary>
    public static ulong Digest(SimdTier tier)
    {
        ulong digest = EmptyDigest;
        Add<float>(ref digest, tier);
        Add<double>(ref digest, tier);
        return digest;
    }

    private static void Check<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool fuses = SimdSupport.Fuses(tier);
        Properties.Check(tier, GemmCases.Any(), 5 * Cases, g => GemmProperties<T>.MatchesReference(tier, g));
        Properties.Check(tier, GemmCases.Any(), Cases, g => GemmProperties<T>.SameOnAnyThreads(tier, g));
        if (fuses)
            Properties.Check(tier, GemmCases.Any(), 5 * Cases, g => GemmProperties<T>.EqualsChain(tier, g));
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            Properties.Check(tier, ConvCases.Any(), Cases, c => ConvProperties<T>.MatchesReference(tier, direction, c));
            Properties.Check(tier, ConvCases.Any(), Cases / 4, c => ConvProperties<T>.SameOnAnyThreads(tier, direction, c));
            if (fuses)
                Properties.Check(tier, ConvCases.Any(), Cases, c => ConvProperties<T>.EqualsChain(tier, direction, c));
        }

        Properties.Check(tier, PoolCases.Any(), 2 * Cases, c => PoolProperties<T>.Forward(tier, c));
        Properties.Check(tier, PoolCases.Any(), 2 * Cases, c => PoolProperties<T>.Backward(tier, c));
        Properties.Check(tier, ConvCases.Any(), Cases, c => Im2ColProperties<T>.Unfold(tier, c));
        Properties.Check(tier, ConvCases.Any(), Cases, c => Im2ColProperties<T>.Fold(tier, c));
    }

    private static void Add<T>(ref ulong digest, SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = Data.Make<T>(2000, DataKind.Real, 1), y = new T[2000];
        SimdConv.Elementwise.Tanh<T>(x, y, T.CreateTruncating(1.7159), tier.Run());
        Add<T>(ref digest, y);
        SimdConv.Elementwise.TanhGradient<T>(y, x, y, T.CreateTruncating(1.7159), tier.Run());
        Add<T>(ref digest, y);

        T[] product = new T[37 * 41];
        SimdConv.Gemm.Multiply<T>(37, 41, 47, x, x, product, tier.Run());
        Add<T>(ref digest, product);

        Conv2DShape shape = new(6, 14, 13, 8, 3, 5) { StrideH = 2, PadLeft = 2, PadTop = 1, Groups = 2 };
        ConvRun<T> run = new(new(shape, 2, LayoutKind.Nchw, LayoutKind.Nhwc, true, 0.7, true, DataKind.Real, 3));
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            Add<T>(ref digest, ConvProperties<T>.Execute(run, direction, tier.Run()));
    }

    /// <summary>FNV-1a over the bits, -0 taken as 0.</summary>
    public static void Add<T>(ref ulong digest, ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (T value in values)
        {
            long bits = BitConverter.DoubleToInt64Bits(double.CreateTruncating(value) + 0.0);
            digest = (digest ^ (ulong)bits) * 1_099_511_628_211;
        }
    }
}
