using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Gemm;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class KnownBugFloatTests : KnownBugTests<float>;

public sealed class KnownBugDoubleTests : KnownBugTests<double>;

/// <summary>
/// Mistakes that other libraries of this kind have made in what they compute, each as a case of its own, with where it was
/// reported. Over-reads at tails (BLIS #203, #460, #635, XNNPACK #4190) are <see cref="Processes.GuardPageTests"/>: they need a
/// process that may die.
/// </summary>
public abstract class KnownBugTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Weight gradients with asymmetric padding and stride went wrong, and the library's own tester let them pass: oneDNN #4124.
    /// </summary>
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

    /// <summary>Results below the normal range are not flushed to zero.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SubnormalsSurvive(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        ConvCase c = Case(new Conv2DShape(2, 6, 21, 3, 3, 3).WithPadding(1, 1), 1);
        ConvRun<T> run = new(c);
        T tiny = typeof(T) == typeof(float)
            ? T.CreateTruncating(Math.ScaleB(1, -130))
            : T.CreateTruncating(Math.ScaleB(1, -1050));
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
        Properties.Check(tier, ConvCases.Any(), 1000, any =>
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

    /// <summary>
    /// Inputs below the normal range are numbers like any other, in every direction: no flush, no wrong result; ncnn #2656 for
    /// their speed.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SubnormalInputs(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            Properties.Check(tier, ConvCases.Any(), 200, c =>
                ConvProperties<T>.EqualsChain(tier, direction, c with { Data = DataKind.Subnormals }));
        Properties.Check(tier, GemmCases.Any(), 500, g =>
            GemmProperties<T>.EqualsChain(tier, g with { Data = DataKind.Subnormals }));

        // A double oracle has places to spare for float alone. Other alphas round the elements of A once more, below the normal
        // range too.
        if (typeof(T) == typeof(float))
            Properties.Check(tier, GemmCases.Any(), 500, g =>
                GemmProperties<T>.MatchesReference(tier, g with { Data = DataKind.Subnormals, Alpha = 1 }));
    }

    /// <summary>
    /// Columns that lie otherwise than the call says are refused, and those of every image are summed into its own: onnxruntime
    /// #28706.
    /// </summary>
    [Fact]
    public void Col2ImReadsTheColumnsOfItsOwnGeometry()
    {
        Conv2DShape shape = new Conv2DShape(2, 5, 8, 1, 3, 2) { StrideH = 2, DilationW = 2 }.WithPadding(1, 0);
        IndexTable table = new(shape);
        int size = table.Rows * table.Columns, pixels = 2 * 5 * 8;
        T[] columns = Data.Make<T>(2 * size, DataKind.Integers, 1), sideBySide = new T[2 * size], x = new T[2 * pixels],
            expected = new T[2 * pixels];
        for (int i = 0; i < columns.Length; i++)
            sideBySide[(i / table.Columns % table.Rows * 2 * table.Columns) + (i / size * table.Columns) + (i % table.Columns)] =
                columns[i];
        ReferenceIm2Col.Fold<T>(shape, 2, columns, ColumnLayout.PerImage(table), expected);
        Col2Im.Fold<T>(table, 2, columns, ColumnLayout.PerImage(table), x);
        Compare.Equal<T>(expected, x, "x of one matrix an image");
        Col2Im.Fold<T>(table, 2, sideBySide, ColumnLayout.Concatenated(table, 2), x);
        Compare.Equal<T>(expected, x, "x of images side by side");
        T[] before = (T[])x.Clone();
        Assert.Throws<ArgumentException>(() => Col2Im.Fold<T>(table, 2, columns.AsSpan(1), ColumnLayout.PerImage(table), x));
        Assert.Throws<ArgumentException>(() => Col2Im.Fold<T>(table, 2, columns, ColumnLayout.Concatenated(table, 3), x));
        Compare.Untouched<T>(before, x, "x");
    }

    /// <summary>
    /// Windows of nothing but NaN or -infinity have a maximum and a winner within the image, the last NaN or the first of equals:
    /// pytorch #1465, #7645.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void MaximaOfNaNAndMinusInfinityHaveAnIndex(SimdTier tier)
    {
        Tiers.Require(tier);
        Pool2DShape shape = new(1, 4, 34, 2, 2) { StrideW = 1, PadRight = 1 };
        Pool2DPlan<T> plan = new(shape, PoolKind.Max);
        foreach (T value in (T[])[T.NaN, T.NegativeInfinity])
        {
            T[] x = Data.Filled(4 * 34, value), y = new T[shape.P * shape.Q];
            byte[] winners = new byte[y.Length];
            long[] indices = new long[y.Length];
            plan.Forward(1, x, y, winners, tier.Run());
            plan.Indices(1, winners, indices);
            Compare.Equal<T>(Data.Filled(y.Length, value), y, "y");
            for (int i = 0; i < indices.Length; i++)
            {
                int h = i / shape.Q * 2, w = i % shape.Q;
                Assert.Equal(T.IsNaN(value) ? ((h + 1) * 34) + Math.Min(w + 1, 33) : (h * 34) + w, indices[i]);
            }
        }

        T[] row = Data.Filled(4 * 34, T.NegativeInfinity), maxima = new T[shape.P * shape.Q];
        (row[35], row[70]) = (T.NaN, T.NaN);
        byte[] taps = new byte[maxima.Length];
        plan.Forward(1, row, maxima, taps, tier.Run());
        Assert.Equal([3, 2], taps[..2]);
        Assert.True(T.IsNaN(maxima[0]) && T.IsNaN(maxima[1]) && !T.IsNaN(maxima[2]));
    }

    /// <summary>
    /// What ceil mode adds is neither pixel nor padding: it never counts in an average's divisor; onnxruntime #16203.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AverageDivisorInCeilMode(SimdTier tier)
    {
        Tiers.Require(tier);
        T[] ones = Data.Filled(5 * 5, T.One), y = new T[9];
        foreach ((bool countIncludePad, double corner, double last) in
            (ReadOnlySpan<(bool, double, double)>)[(true, 4 / 9.0, 1), (false, 1, 1)])
        {
            // 5 pixels and one of padding before them, under windows of 3 with stride 2: the third window of each axis holds two
            // pixels and no padding.
            Pool2DShape shape = new(1, 5, 5, 3, 3)
            {
                StrideH = 2,
                StrideW = 2,
                PadTop = 1,
                PadLeft = 1,
                CeilMode = true,
                CountIncludePad = countIncludePad,
            };
            Assert.Equal((3, 3), (shape.P, shape.Q));
            new Pool2DPlan<T>(shape, PoolKind.Average).Forward(1, ones, y, tier.Run());
            Assert.Equal(
                (T.CreateTruncating(4) / T.CreateTruncating(corner == 1 ? 4 : 9), T.CreateTruncating(last)), (y[0], y[8]));
        }
    }

    /// <summary>With beta = 0, NaN in C doesn't come through, whatever else is 0: OpenBLAS #746, #2534.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NaNInCWithBetaZero(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach ((int m, int n, int k, int alpha) in
            (ReadOnlySpan<(int, int, int, int)>)[(7, 37, 5, 1), (7, 37, 0, 1), (7, 37, 5, 0), (1, 90, 300, 1), (90, 1, 9, 1),
                (50, 60, 300, 1)])
        {
            T[] a = Data.Make<T>(m * k, DataKind.Integers, 1), b = Data.Make<T>(k * n, DataKind.Integers, 2),
                c = Data.Filled(m * n, T.NaN), expected = new T[m * n];
            SimdConv.Gemm.Multiply(Transpose.No, Transpose.No, m, n, k, T.CreateTruncating(alpha), a, Math.Max(1, k), b, n,
                T.Zero, c, n, tier.Run());
            ReferenceGemm.Multiply(
                Transpose.No, Transpose.No, m, n, k, T.CreateTruncating(alpha), a, Math.Max(1, k), b, n, T.Zero, expected, n);
            Compare.Equal<T>(expected, c, $"C of {m}x{n}x{k}");
        }
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
