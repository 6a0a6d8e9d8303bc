using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Conv;

public sealed class ConvFloatTests(ITestOutputHelper output) : ConvTests<float>(output);

public sealed class ConvDoubleTests(ITestOutputHelper output) : ConvTests<double>(output);

public abstract class ConvTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static TheoryData<SimdTier, ConvDirection> TiersAndDirections
    {
        get
        {
            TheoryData<SimdTier, ConvDirection> rows = [];
            foreach (SimdTier tier in Enum.GetValues<SimdTier>())
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
        double worst = Properties.Worst(ConvCases.Any(), 300, c => ConvProperties<T>.MatchesReference(tier, direction, c));
        output.WriteLine($"Worst error: {worst:G4} of its bound");
    }

    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void EqualsTheScalarChain(SimdTier tier, ConvDirection direction)
    {
        Tiers.RequireFused(tier);
        Properties.Check(ConvCases.Any(), 300, c => ConvProperties<T>.EqualsChain(tier, direction, c));
    }

    [SkippableTheory, MemberData(nameof(TiersAndDirections))]
    public void SameOnAnyNumberOfThreads(SimdTier tier, ConvDirection direction)
    {
        Tiers.Require(tier);
        Properties.Check(ConvCases.Any(), 80, c => ConvProperties<T>.SameOnAnyThreads(tier, direction, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SameAtAnyBatchSize(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(ConvCases.Any(), 120, c => ConvProperties<T>.SameAtAnyBatch(tier, ConvDirection.Forward, c));
        Properties.Check(ConvCases.Any(), 120, c => ConvProperties<T>.SameAtAnyBatch(tier, ConvDirection.InputGradient, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ActivationFollowsTheSum(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(ConvCases.Any(), 100, c => ConvProperties<T>.ActivationFollowsTheSum(tier, c));
    }
}
