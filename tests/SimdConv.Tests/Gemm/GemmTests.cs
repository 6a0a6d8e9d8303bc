using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Processes;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Gemm;

public sealed class GemmFloatTests(ITestOutputHelper output) : GemmTests<float>(output);

public sealed class GemmDoubleTests(ITestOutputHelper output) : GemmTests<double>(output);

public abstract class GemmTests<T>(ITestOutputHelper output) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] SomeSizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 20];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void MatchesReference(SimdTier tier)
    {
        Tiers.Require(tier);
        double worst = Math.Max(
            Properties.Worst(tier, GemmCases.Any(), 1500, g => GemmProperties<T>.MatchesReference(tier, g)),
            Properties.Worst(tier, GemmCases.Long(), 60, g => GemmProperties<T>.MatchesReference(tier, g)));
        output.WriteLine($"Worst error: {worst:G4} of its bound");
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EqualsTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        Properties.Check(tier, GemmCases.Any(), 1500, g => GemmProperties<T>.EqualsChain(tier, g));
        Properties.Check(tier, GemmCases.Long(), 100, g => GemmProperties<T>.EqualsChain(tier, g));
    }

    /// <summary>Every size of a small grid, every transpose, and the scale factors that have rules of their own.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SmallSizesTimesTransposesTimesScaleFactors(SimdTier tier)
    {
        Tiers.Require(tier);
        Action<SimdTier, GemmCase> check = SimdSupport.Fuses(tier)
            ? GemmProperties<T>.EqualsChain
            : (t, g) => GemmProperties<T>.MatchesReference(t, g);
        int seed = 0;
        foreach (int m in SomeSizes)
        {
            foreach (int n in SomeSizes)
            {
                foreach (int k in SomeSizes)
                {
                    // Every combination of the other arguments comes by in turn: 4 transposes x 3 beta x 3 alpha x 2 gaps = 72 of
                    // them.
                    int turn = seed++ % 72;
                    double alpha = (turn / 4 % 3) switch { 0 => 1, 1 => 0, _ => -0.5 },
                        beta = (turn / 12 % 3) switch { 0 => 0, 1 => 1, _ => 0.7 };
                    int gap = turn / 36 * 3;
                    (Transpose transA, Transpose transB) = ((Transpose)(turn % 2), (Transpose)(turn / 2 % 2));
                    check(tier, new GemmCase(transA, transB, m, n, k, alpha, beta, gap, gap, gap, DataKind.Real, seed));
                }
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SameOnAnyNumberOfThreads(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, GemmCases.Any(), 1000, g => GemmProperties<T>.SameOnAnyThreads(tier, g));
        Properties.Check(tier, GemmCases.Long(), 40, g => GemmProperties<T>.SameOnAnyThreads(tier, g));
        Properties.Check(
            tier,
            GemmCases.Long(),
            6,
            g => GemmProperties<T>.SameOnAnyThreads(tier, g with { M = g.M + 190, N = g.N + 210, K = g.K + 130 }));

        // Short chains, split by rows though there are more tiles across.
        Properties.Check(
            tier,
            GemmCases.Long(),
            6,
            g => GemmProperties<T>.SameOnAnyThreads(tier, g with { M = g.M + 190, N = g.N + 480, K = 5 + (g.K % 60) }));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AnElementDependsOnNeitherMNorN(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, GemmCases.Any(), 1000, g => GemmProperties<T>.RowsAndColumnsAlone(tier, g));
        Properties.Check(tier, GemmCases.Long(), 20, g => GemmProperties<T>.RowsAndColumnsAlone(tier, g));
    }

    /// <summary>Infinity and NaN in the data come out wherever the plain loop has them, whatever the lane.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NaNAndInfinityShowWhereTheyBelong(SimdTier tier)
    {
        Tiers.Require(tier);
        const int M = 19, N = 37, K = 23;
        T[] a = Data.Make<T>(M * K, DataKind.Integers, 1), b = Data.Make<T>(K * N, DataKind.Integers, 2), c = new T[M * N],
            expected = new T[M * N];
        a[(4 * K) + 3] = T.NaN;
        b[(5 * N) + 36] = T.PositiveInfinity;
        b[(6 * N) + 0] = T.NegativeInfinity;
        SimdConv.Gemm.Multiply<T>(M, N, K, a, b, c, tier.Run());
        Reference.ReferenceGemm.Multiply<T>(Transpose.No, Transpose.No, M, N, K, T.One, a, K, b, N, T.Zero, expected, N);
        Compare.Equal<T>(expected, c, "C");
    }

    /// <summary>
    /// A result that no cache holds is written past them, from its first aligned register on; what lies between its rows stays.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ResultsLargerThanTheCachesEqualTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        const int Before = 3, Gap = 16, K = 2;
        (int m, int n) = TilesChild.LargeResult<T>();
        int ld = n + Gap;
        T[] a = Data.Make<T>(m * K, DataKind.Real, 1), b = Data.Make<T>(K * n, DataKind.Real, 2),
            c = Data.Filled(Before + (m * ld), Data.Canary<T>());
        SimdConv.Gemm.Multiply<T>(
            Transpose.No, Transpose.No, m, n, K, T.One, a, K, b, n, T.Zero, c.AsSpan(Before), ld, tier.Run());
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < ld; j++)
            {
                T expected = j >= n
                    ? Data.Canary<T>()
                    : T.FusedMultiplyAdd(a[(i * K) + 1], b[n + j], T.FusedMultiplyAdd(a[i * K], b[j], T.Zero));
                if (!c[Before + (i * ld) + j].Equals(expected))
                    Assert.Fail($"C[{i}, {j}] is {c[Before + (i * ld) + j]}; expected {expected}");
            }
        }
    }

    /// <summary>The short overload is alpha = 1, beta = 0 on contiguous matrices.</summary>
    [Fact]
    public void ShortOverloadOverwritesC()
    {
        T[] a = Data.Make<T>(3 * 5, DataKind.Integers, 1), b = Data.Make<T>(5 * 4, DataKind.Integers, 2);
        T[] c = Data.Filled(12, Data.Canary<T>()), expected = new T[12];
        SimdConv.Gemm.Multiply<T>(3, 4, 5, a, b, c);
        Reference.ReferenceGemm.Multiply<T>(Transpose.No, Transpose.No, 3, 4, 5, T.One, a, 5, b, 4, T.Zero, expected, 4);
        Compare.Equal<T>(expected, c, "C");
    }
}
