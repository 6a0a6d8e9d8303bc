using System.Collections.Concurrent;
using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Conv;

public sealed class ConvFloatTests(ITestOutputHelper output) : ConvTests<float>(output);

public sealed class ConvDoubleTests(ITestOutputHelper output) : ConvTests<double>(output);

public abstract class ConvTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (Conv2DShape Shape, int Batch)[] Layers =
    [
        (new(1, 32, 32, 6, 5, 5), 4),
        (new(6, 14, 14, 16, 5, 5), 7),
        (new Conv2DShape(512, 7, 7, 40, 3, 3).WithPadding(1, 1), 1),
        (new Conv2DShape(40, 7, 7, 512, 3, 3).WithPadding(1, 1), 1),
        (new Conv2DShape(3, 61, 64, 16, 7, 7) { StrideH = 2, StrideW = 2 }.WithPadding(3, 3), 1),
        (new(300, 13, 13, 70, 1, 1), 1),
        (new Conv2DShape(64, 15, 15, 33, 3, 3) { StrideH = 2, StrideW = 2 }.WithPadding(1, 1), 2),
        (new Conv2DShape(96, 28, 28, 96, 3, 3) { Groups = 96 }.WithPadding(1, 1), 1),
        (new Conv2DShape(18, 113, 112, 18, 3, 3) { Groups = 18, StrideH = 2, StrideW = 2 }.WithPadding(1, 1), 2),
        (new Conv2DShape(5, 57, 90, 10, 5, 5) { Groups = 5 }.WithPadding(2, 2), 2),
        (new Conv2DShape(1, 150, 129, 1, 3, 3) { StrideW = 2, DilationH = 2 }.WithPadding(2, 1), 3),
        (new Conv2DShape(40, 7, 7, 80, 3, 3) { Groups = 40 }.WithPadding(1, 1), 3),
        (new Conv2DShape(9, 1, 150, 9, 1, 17) { Groups = 9 }.WithPadding(0, 8), 2),
        (new Conv2DShape(5, 11, 20, 5, 7, 7) { Groups = 5 }.WithPadding(3, 3), 2),
        (new Conv2DShape(11, 26, 35, 13, 6, 6) { StrideH = 6, StrideW = 6 }, 2),
        (new Conv2DShape(2, 5, 700, 3, 3, 3).WithPadding(1, 1), 1),
        (new(600, 9, 8, 130, 1, 1), 3),
        (new Conv2DShape(520, 10, 9, 140, 1, 1) { StrideH = 2, StrideW = 2 }, 2),
        (new Conv2DShape(380, 5, 6, 400, 1, 1) { Groups = 2 }, 2),
        (new Conv2DShape(50, 9, 11, 61, 5, 5) { StrideH = 2, StrideW = 2 }.WithPadding(2, 2), 2),
        (new(70, 32, 32, 17, 1, 1), 1),
        (new(600, 12, 16, 70, 1, 1), 3),
        (new(6, 14, 14 * 25, 16, 5, 5) { DilationW = 25 }, 1),
        (new Conv2DShape(7, 8, 110, 13, 3, 3) { DilationW = 44 }.WithPadding(2, 60), 2),
    ];

    /// <summary>The sums of each layer, the same for every tier.</summary>
    private static readonly ConcurrentDictionary<(ConvDirection, int, double), T[]> Chains = new();

    public static TheoryData<SimdTier, ConvDirection> TiersAndDirections
    {
        get
        {
            TheoryData<SimdTier, ConvDirection> rows = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                    rows.Add(tier, direction);
            }

            return rows;
        }
    }

    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void MatchesReference(SimdTier tier, ConvDirection direction)
    {
        Tiers.Require(tier);
        double worst = Properties.Worst(tier, ConvCases.Any(), 1000, c => ConvProperties<T>.MatchesReference(tier, direction, c));
        output.WriteLine($"Worst error: {worst:G4} of its bound");
    }

    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void EqualsTheScalarChain(SimdTier tier, ConvDirection direction)
    {
        Tiers.RequireFused(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => ConvProperties<T>.EqualsChain(tier, direction, c));
    }

    /// <summary>
    /// Padding on one side alone: a tap lies outside the image, though positions and taps together are no more than its pixels.
    /// </summary>
    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void PaddingOnOneSideEqualsTheScalarChain(SimdTier tier, ConvDirection direction)
    {
        Tiers.RequireFused(tier);
        Conv2DShape shape = new(2, 6, 7, 3, 3, 3);
        foreach (Conv2DShape one in (Conv2DShape[])
            [shape with { PadTop = 1 }, shape with { PadBottom = 1 }, shape with { PadLeft = 1 }, shape with { PadRight = 1 }])
        {
            foreach (LayoutKind layout in (LayoutKind[])[LayoutKind.Nchw, LayoutKind.ImagesInnermost])
                ConvProperties<T>.EqualsChain(tier, direction, new(one, 5, layout, layout, true, 0, false, DataKind.Real, 3));
        }
    }

    /// <summary>
    /// Layers large enough for every loop to run more than once: blocks of terms, of channels and of pixels, chunks, threads.
    /// </summary>
    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void LayersOfRealNetworksEqualTheScalarChain(SimdTier tier, ConvDirection direction)
    {
        Tiers.RequireFused(tier);
        foreach ((int i, (Conv2DShape shape, int batch)) in Layers.Index())
        {
            ConvCase planar = new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true, DataKind.Real, shape.C);
            Check(planar, 1);
            Check(planar with { Input = LayoutKind.Nhwc }, 2);
            Check(planar with { Output = LayoutKind.Nhwc }, 7);
            Check(planar with { Packed = false, Beta = 0.7 }, 1);
            Check(planar with { Packed = false, Beta = 0.7 }, 3);

            void Check(ConvCase c, int threads)
            {
                ConvRun<T> run = new(c);
                T[] chain = Chains.GetOrAdd((direction, i, c.Beta), _ => ConvProperties<T>.Chain(run, direction));
                Compare.Equal<T>(chain, ConvProperties<T>.Execute(run, direction, tier.Run(threads)),
                    $"{c} on {threads} threads");
            }
        }
    }

    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void SameOnAnyNumberOfThreads(SimdTier tier, ConvDirection direction)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => ConvProperties<T>.SameOnAnyThreads(tier, direction, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SameAtAnyBatchSize(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => ConvProperties<T>.SameAtAnyBatch(tier, ConvDirection.Forward, c));
        Properties.Check(tier, ConvCases.Any(), 1000, c =>
            ConvProperties<T>.SameAtAnyBatch(tier, ConvDirection.InputGradient, c));

        // More images than a tile takes together, than there are threads, than a register has lanes.
        foreach (ConvDirection direction in (ConvDirection[])[ConvDirection.Forward, ConvDirection.InputGradient])
            Properties.Check(tier, ConvCases.Any(), 30, c =>
                ConvProperties<T>.SameAtAnyBatch(tier, direction, c with { Batch = 4 + (c.Seed % 16) }));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EpilogueFollowsTheSum(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => ConvProperties<T>.EpilogueFollowsTheSum(tier, c));

        // Beyond a block of terms: the finish comes after the last one only.
        ConvProperties<T>.EpilogueFollowsTheSum(tier,
            new(new Conv2DShape(160, 7, 9, 20, 3, 3).WithPadding(1, 1), 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true,
                DataKind.Real, 4));
    }
}
