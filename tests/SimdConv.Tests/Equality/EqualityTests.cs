using System.Numerics;
using System.Runtime.CompilerServices;
using FsCheck;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Gemm;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Equality;

public sealed class EqualityFloatTests : EqualityTests<float>;

public sealed class EqualityDoubleTests : EqualityTests<double>;

/// <summary>The same bits from every tier that fuses on 1, 2, 3, 7 and 16 threads, of every operation and direction.</summary>
public abstract class EqualityTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] ThreadCounts = [1, 2, 3, 7, 16];

    [SkippableFact]
    public void Gemm()
    {
        Check(GemmCases.Any(), 1000, GemmProperties<T>.Execute);
        Check(GemmCases.Long(), 10, GemmProperties<T>.Execute);
    }

    [SkippableTheory]
    [InlineData(ConvDirection.Forward)]
    [InlineData(ConvDirection.InputGradient)]
    [InlineData(ConvDirection.WeightGradient)]
    public void Convolution(ConvDirection direction) =>
        Check(ConvCases.Any(), 1000, (c, execution) => ConvProperties<T>.Execute(new(c), direction, execution));

    [SkippableFact]
    public void Pooling() => Check(PoolCases.Any(), 1000, PoolProperties<T>.Execute);

    [SkippableFact]
    public void Columns() => Check(ConvCases.Any(), 1000, Im2ColProperties<T>.Execute);

    private static void Check<TCase>(
        Arbitrary<TCase> cases, int count, Func<TCase, Execution, T[]> run, [CallerMemberName] string test = "")
    {
        SimdTier[] tiers = [.. SimdSupport.Available.Where(SimdSupport.Fuses)];
        Skip.If(tiers.Length == 0, "no tier of this process fuses");
        int turn = 0;
        Properties.Check(tiers, $"EqualityTests.{test}", cases, count, c =>
        {
            // Each case in every tier, on one of the thread counts in turn.
            T[] expected = run(c, tiers[0].Run());
            foreach (SimdTier tier in tiers)
            {
                int threads = ThreadCounts[turn++ % ThreadCounts.Length];
                Compare.Equal<T>(expected, run(c, tier.Run(threads)), $"{tier} on {threads} threads, against {tiers[0]} on one");
            }
        });
    }
}
