using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Im2Col;

public sealed class Im2ColFloatTests : Im2ColTests<float>;

public sealed class Im2ColDoubleTests : Im2ColTests<double>;

public abstract class Im2ColTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void UnfoldMatchesReference(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => Im2ColProperties<T>.Unfold(tier, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void FoldAddsInTheContractsOrder(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => Im2ColProperties<T>.Fold(tier, c));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SameAtAnyBatchSize(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c => Im2ColProperties<T>.SameAtAnyBatch(tier, c));
        Properties.Check(tier, ConvCases.Any(), 100, c =>
            Im2ColProperties<T>.SameAtAnyBatch(tier, c with { Batch = 4 + (c.Seed % 16) }));
    }

    [Fact]
    public void TablesHoldTheirDefinition() => Properties.Check(ConvCases.Any(), 1000, Im2ColProperties<T>.Tables);
}
