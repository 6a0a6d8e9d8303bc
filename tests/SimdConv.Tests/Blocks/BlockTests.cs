using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Exhaustive;
using SimdConv.Tests.Gemm;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Blocks;

public sealed class BlockFloatTests : BlockTests<float>;

public sealed class BlockDoubleTests : BlockTests<double>;

/// <summary>
/// Sizes that cross the blocks which loops have on this CPU, whatever its caches are: see also <see cref="CacheProcessTests"/>.
/// </summary>
public abstract class BlockTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Products(SimdTier tier)
    {
        Tiers.Require(tier);
        BlockProperties<T>.Products(tier, 24);
    }

    [Fact]
    public void Convolutions() => BlockProperties<T>.Convolutions([.. SimdSupport.Available], 40);

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Poolings(SimdTier tier)
    {
        Tiers.Require(tier);
        BlockProperties<T>.Poolings(tier, 10);
    }

    /// <summary>
    /// The generator does what it is for: strips and blocks end within the images, in many cases of every direction.
    /// </summary>
    [Fact]
    public void GeneratedConvolutionsCrossTheirBlocks()
    {
        int[] crossing = new int[3], blocks = new int[3];
        Properties.Check(BlockCases.Convolutions<T>(), 150, c =>
        {
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            {
                string description = new Conv2DPlan<T>(c.Shape).Algorithm(direction, SimdSupport.Best.Run());
                crossing[(int)direction] += BlockCases.HasSeveralStrips(description, c.Shape) ? 1 : 0;
                blocks[(int)direction] += BlockCases.HasSeveralBlocks(description, c.Shape, direction) ? 1 : 0;
            }
        });
        Assert.All(crossing, count => Assert.True(count >= 10, $"strips: {string.Join(", ", crossing)}"));
        Assert.All(blocks, count => Assert.True(count >= 2, $"blocks of channels: {string.Join(", ", blocks)}"));
    }
}

/// <summary>What <see cref="BlockTests{T}"/> holds, here and in processes with other caches.</summary>
internal static class BlockProperties<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Products(SimdTier tier, int count)
    {
        foreach (KernelInfo tile in KernelInfo.All.Where(tile => tile.Tier == tier && tile.ElementType == typeof(T)))
        {
            Properties.Check(tier, GemmCases.AcrossBlocks(tile, Unsafe.SizeOf<T>()), count, g =>
            {
                if (SimdSupport.Fuses(tier))
                    GemmProperties<T>.EqualsChain(tier, g);
                else
                    GemmProperties<T>.MatchesReference(tier, g);
            });
        }
    }

    /// <summary>Exact on integers, in all directions; with fractions the same bits from every tier that fuses.</summary>
    public static void Convolutions(SimdTier[] tiers, int count) =>
        Properties.Check(tiers, "BlockTests.Convolutions", BlockCases.Convolutions<T>(), count, c =>
    {
        Conv2DShape s = c.Shape;
        int threads = 1 + (c.Seed % 3);
        Sweep sweep = new("");
        new ConvSweep<T>(sweep, PlainConv.Of(s, c.Batch, c.Seed), new("", s.C, s.K, s.Groups), c.Seed, threads).Convolution();
        sweep.ThrowIfFailed("Integers");
        SimdTier[] fusing = [.. tiers.Where(SimdSupport.Fuses)];
        if (fusing.Length < 2)
            return;
        ConvRun<T> run = new(c);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            T[] expected = ConvProperties<T>.Execute(run, direction, fusing[0].Run());
            foreach (SimdTier tier in fusing[1..])
                Compare.Equal<T>(expected, ConvProperties<T>.Execute(run, direction, tier.Run(threads)),
                    $"{direction} in {tier} on {threads} threads, against {fusing[0]}");
        }
    });

    public static void Poolings(SimdTier tier, int count) => Properties.Check(tier, BlockCases.Poolings(), count, c =>
    {
        PoolProperties<T>.Forward(tier, c);
        PoolProperties<T>.Backward(tier, c);
    });
}
