using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class KnownBugFloatTests : KnownBugTests<float>;

public sealed class KnownBugDoubleTests : KnownBugTests<double>;

/// <summary>Mistakes that other libraries of this kind have made, each as a case of its own.</summary>
public abstract class KnownBugTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Weight gradients with asymmetric padding and stride went wrong, and the library's own tester let them pass.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void WeightGradientsWithAsymmetricPaddingAndStride(SimdTier tier)
    {
        Tiers.Require(tier);
        for (int i = 0; i < 81; i++)
        {
            Conv2DShape shape = new(2, 7, 9, 3, 3, 3)
            {
                StrideH = 1 + (i % 3),
                StrideW = 2,
                PadTop = i / 3 % 3,
                PadBottom = 1,
                PadLeft = i / 9 % 3,
                PadRight = i / 27,
            };
            ConvProperties<T>.MatchesReference(tier, ConvDirection.WeightGradient,
                new(shape, 2, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, false, DataKind.Integers, i));
        }
    }

    /// <summary>Scratch memory of one shape must not be taken for that of the next.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void WorkspaceIsNotShared(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvCase large = Case(new Conv2DShape(9, 17, 19, 12, 3, 3).WithPadding(1, 1), 2), small = Case(new Conv2DShape(1, 3, 3, 1, 2, 2), 1);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            T[] first = ConvProperties<T>.Execute(new(large), direction, tier.Run());
            T[] alone = ConvProperties<T>.Execute(new(small), direction, tier.Run());
            foreach (int threads in (int[])[3, 1, 2])
            {
                Compare.Equal<T>(first, ConvProperties<T>.Execute(new(large), direction, tier.Run(threads)), "large");
                Compare.Equal<T>(alone, ConvProperties<T>.Execute(new(small), direction, tier.Run(threads)), "small");
            }
        }
    }

    /// <summary>No images: nothing is written, and gradients of the weights are beta times what was there.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EmptyBatch(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DShape shape = new(3, 5, 5, 4, 3, 3);
        Conv2DPlan<T> plan = new(shape);
        T[] w = Data.Make<T>(shape.WeightCount, DataKind.Real, 1), dw = Data.Filled(w.Length, T.NaN), db = Data.Filled(4, T.NaN);
        plan.Forward(0, [], w, [], default, tier.Run(2));
        plan.InputGradient(0, [], w, [], default, tier.Run(2));
        plan.WeightGradient(0, [], [], dw, db, default, tier.Run(2));
        Compare.Equal<T>(new T[w.Length], dw, "dw");
        Compare.Equal<T>(new T[4], db, "db");
        T half = T.One / T.CreateTruncating(2);
        plan.WeightGradient(0, [], [], w, db, half, tier.Run(2));
        Compare.Equal<T>([.. Data.Make<T>(w.Length, DataKind.Real, 1).Select(v => v * half)], w, "beta * dw");

        IndexTable table = new(shape);
        SimdConv.Im2Col.Unfold<T>(table, 0, [], [], ColumnLayout.PerImage(table), tier.Run());
        Col2Im.Fold<T>(table, 0, [], ColumnLayout.Concatenated(table, 0), [], tier.Run());
        Pool2DPlan<T> pool = new(new(3, 4, 4, 2, 2), PoolKind.Max);
        pool.Forward(0, [], [], Span<byte>.Empty, tier.Run());
        pool.Backward(0, [], ReadOnlySpan<byte>.Empty, [], tier.Run());
        pool.Indices(0, [], []);
    }

    /// <summary>Results below the normal range are not flushed to zero.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SubnormalsSurvive(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        ConvCase c = Case(new Conv2DShape(2, 6, 21, 3, 3, 3).WithPadding(1, 1), 1);
        ConvRun<T> run = new(c);
        T tiny = typeof(T) == typeof(float) ? T.CreateTruncating(Math.ScaleB(1, -130)) : T.CreateTruncating(Math.ScaleB(1, -1050));
        T[] x = [.. run.X.Select(v => v * tiny)], y = new T[run.Dy.Length];
        run.Plan.Forward(1, x, run.W, y, default, tier.Run());
        Compare.Equal<T>(ConvChain.Forward(c.Shape, 1, x, run.W, []), y, "y");
        Assert.Contains(y, v => v != T.Zero && T.IsSubnormal(v));
    }

    /// <summary>NaN and infinity in x or dy show exactly where they belong: never in another lane, column or image.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NaNAndInfinityStayInTheirLane(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(ConvCases.Any(), 1000, any =>
        {
            ConvCase c = any with { Data = DataKind.Integers, Input = LayoutKind.Nchw, Output = LayoutKind.Nchw };
            ConvRun<T> run = new(c);
            T[] x = Spoilt(run.X, c.Seed), dy = Spoilt(run.Dy, c.Seed), y = new T[dy.Length], dx = new T[x.Length];
            T[] expectedY = new T[dy.Length], expectedDx = new T[x.Length];
            run.Plan.Forward(c.Batch, x, run.W, y, new() { Bias = run.Bias }, tier.Run());
            ReferenceConv2D.Forward<T>(c.Shape, c.Batch, x, run.W, run.Bias, expectedY);
            Compare.Equal<T>(expectedY, y, "y");
            run.Plan.InputGradient(c.Batch, dy, run.W, dx, default, tier.Run());
            ReferenceConv2D.InputGradient<T>(c.Shape, c.Batch, dy, run.W, expectedDx);
            Compare.Equal<T>(expectedDx, dx, "dx");
        });
    }

    /// <summary>Column matrices of more than 2^31 elements are refused by their true size.</summary>
    [Fact]
    public void SizesOfColumnsDoNotOverflow()
    {
        IndexTable table = new(new Conv2DShape(64, 1024, 1024, 1, 7, 7).WithPadding(3, 3));
        T[] x = new T[1];
        ArgumentException e = Assert.Throws<ArgumentException>(() => SimdConv.Im2Col.Unfold<T>(table, 40, x, new T[1], ColumnLayout.PerImage(table)));
        Assert.Contains($"expected at least {40L * 64 * 1024 * 1024} ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => Col2Im.Fold<T>(table, 2, x, ColumnLayout.PerImage(table), new T[1]));
        Assert.Contains($"expected at least {2L * 64 * 49 * 1024 * 1024} ", e.Message, StringComparison.Ordinal);
    }

    private static T[] Spoilt(T[] values, int seed)
    {
        T[] spoilt = (T[])values.Clone();
        T[] specials = [T.NaN, T.PositiveInfinity, T.NegativeInfinity];
        for (int i = 0; i < specials.Length && spoilt.Length > 0; i++)
            spoilt[Data.Mix(seed, i) % (ulong)spoilt.Length] = specials[i];
        return spoilt;
    }

    private static ConvCase Case(Conv2DShape shape, int batch) =>
        new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, false, DataKind.Real, 11);
}
