using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class AdjointFloatTests : AdjointTests<float>;

public sealed class AdjointDoubleTests : AdjointTests<double>;

/// <summary>
/// A gradient is the transpose of its operation. On small integers nothing rounds, so both sides of &lt;dy, A x&gt; = &lt;A' dy,
/// x&gt; are one integer.
/// </summary>
public abstract class AdjointTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GradientsAreTheTransposesOfTheConvolution(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 2000, any =>
        {
            ConvRun<T> run = new(any with { Data = DataKind.Integers, Beta = 0, Bias = false });
            long expected = Dot(run.Dy, run.Forward(tier.Run()));
            Assert.Equal(expected, Dot(run.InputGradient(tier.Run()), run.X));
            Assert.Equal(expected, Dot(run.WeightGradient(tier.Run()).Weights, run.W));
        });
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Col2ImIsTheTransposeOfIm2Col(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 1000, c =>
        {
            IndexTable table = new(c.Shape);
            T[] x = Data.Make<T>((long)c.Batch * c.Shape.C * c.Shape.H * c.Shape.W, DataKind.Integers, c.Seed),
                folded = new T[x.Length];
            T[] columns = Data.Make<T>((long)c.Batch * table.Rows * table.Columns, DataKind.Integers, c.Seed + 1),
                unfolded = new T[columns.Length];
            ColumnLayout layout = ColumnLayout.Concatenated(table, c.Batch);
            SimdConv.Im2Col.Unfold<T>(table, c.Batch, x, unfolded, layout, tier.Run());
            Col2Im.Fold<T>(table, c.Batch, columns, layout, folded, tier.Run());
            Assert.Equal(Dot(columns, unfolded), Dot(folded, x));
        });
    }

    private static long Dot(T[] a, T[] b)
    {
        // Integers far below 2^24: nothing is rounded, in either type.
        Assert.Equal(a.Length, b.Length);
        long sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum = checked(sum + (long.CreateTruncating(a[i]) * long.CreateTruncating(b[i])));
        return sum;
    }
}
