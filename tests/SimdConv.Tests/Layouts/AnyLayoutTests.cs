using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Layouts;

/// <summary>Every operation gives with any strides what it gives with contiguous copies, and writes nothing between.</summary>
public sealed class AnyLayoutTests
{
    public static TheoryData<SimdTier> AllTiers => Tiers.All;

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void ConvolutionsOfFloats(SimdTier tier) => Check(tier, ConvCases.Any(), 100, Convolve<float>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void ConvolutionsOfDoubles(SimdTier tier) => Check(tier, ConvCases.Any(), 40, Convolve<double>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void WinogradsOfFloats(SimdTier tier) => Check(tier, ConvCases.Winograd(ConvAlgorithm.WinogradF4), 40,
        Convolve<float>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void TransposedConvolutions(SimdTier tier) => Check(tier, ConvCases.Any(), 60, Transposed<float>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void PoolingsOfFloats(SimdTier tier) => Check(tier, PoolCases.Any(), 150, Pool<float>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void PoolingsOfDoubles(SimdTier tier) => Check(tier, PoolCases.Any(), 50, Pool<double>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void ColumnsOfFloats(SimdTier tier) => Check(tier, ConvCases.Any(), 60, Columns<float>);

    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void ProductsOfBatches(SimdTier tier) => Check(tier, Gen.Choose(0, int.MaxValue - 9).ToArbitrary(), 150, Products);

    private static void Check<TCase>(SimdTier tier, Arbitrary<TCase> cases, int count, Action<SimdTier, TCase> property,
        [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Tiers.Require(tier, test, file);
        Properties.Check(tier, cases, count, c => property(tier, c), null, test, file);
    }

    private static void Convolve<T>(SimdTier tier, ConvCase c)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        (Conv2DShape s, Execution execution) = (c.Shape, tier.Run(1 + (c.Seed % 3)));
        int[] xSizes = [c.Batch, s.C, s.H, s.W], ySizes = [c.Batch, s.K, s.P, s.Q];
        T beta = T.CreateTruncating(c.Beta);
        T[] w = Data.Make<T>(s.WeightCount, c.Data, c.Seed), bias = c.Bias ? Data.Make<T>(s.K, c.Data, c.Seed + 1) : [];
        Conv2DPlan<T> dense = new(s, algorithm: c.Algorithm);

        (AnyLayout<T> x, T[] xPacked) = AnyLayout<T>.ToRead(c.Seed + 2, c.Data, xSizes);
        AnyLayout<T> y = AnyLayout<T>.ToWrite(c.Seed + 3, [], ySizes);
        Conv2DPlan<T> plan = new(s, x.Layout, y.Layout, c.Algorithm);
        T[] expected = new T[dense.OutputLength(c.Batch)];
        dense.Forward(c.Batch, xPacked, w, expected, new() { Bias = bias }, execution);
        if (c.Packed)
            plan.Forward(c.Batch, x.Data, plan.Pack(w, FilterUse.Forward, tier), y.Data, new() { Bias = bias }, execution);
        else
            plan.Forward(c.Batch, x.Data, w, y.Data, new() { Bias = bias }, execution);
        Compare.Equal<T>(expected, y.Results("y"), $"y, {x.Layout} to {y.Layout}");

        // dy is read through a layout that y could be written through, but for its images, which may repeat.
        T[] before = Data.Make<T>(dense.InputLength(c.Batch), c.Data, c.Seed + 4),
            dy = Data.Make<T>(expected.Length, c.Data, c.Seed + 5);
        AnyLayout<T> dyAny = AnyLayout<T>.ToWrite(c.Seed + 6, dy, ySizes),
            dx = AnyLayout<T>.ToWrite(c.Seed + 7, c.Beta == 0 ? [] : before, xSizes);
        Conv2DPlan<T> backward = new(s, dx.Layout, dyAny.Layout, c.Algorithm);
        if (backward.Algorithm(ConvDirection.InputGradient, execution).Contains("transposed", StringComparison.Ordinal))
        {
            T[] inLanes = ToLanes(before, c.Batch);
            InLanes<T>(c).InputGradient(c.Batch, ToLanes(dy, c.Batch), w, inLanes, beta, execution);
            before = FromLanes(inLanes, c.Batch);
        }
        else
        {
            dense.InputGradient(c.Batch, dy, w, before, beta, execution);
        }

        backward.InputGradient(c.Batch, dyAny.Data, w, dx.Data, beta, execution);
        Compare.Equal<T>(before, dx.Results("dx"), $"dx, {dyAny.Layout} to {dx.Layout}");

        T[] dw = new T[w.Length], db = new T[s.K], dwExpected = new T[w.Length], dbExpected = new T[s.K];
        Conv2DPlan<T> weights = new(s, x.Layout, dyAny.Layout, c.Algorithm);
        ReductionOrder order = weights.ReductionOrder(c.Batch);
        bool isDirect = c.Algorithm == ConvAlgorithm.Direct;
        if (order.HasImagesInnermost && isDirect && !SimdSupport.Fuses(tier))
            return;
        if (order.HasImagesInnermost && isDirect)
        {
            dwExpected = ConvChain.WeightGradient(s, c.Batch, xPacked, dy, dw, T.Zero, order);
            dbExpected = ConvChain.BiasGradient(s, c.Batch, dy, db, T.Zero, order);
        }
        else if (order.HasImagesInnermost)
        {
            InLanes<T>(c).WeightGradient(
                c.Batch, ToLanes(xPacked, c.Batch), ToLanes(dy, c.Batch), dwExpected, dbExpected, T.Zero, execution);
        }
        else
            dense.WeightGradient(c.Batch, xPacked, dy, dwExpected, dbExpected, T.Zero, execution);
        weights.WeightGradient(c.Batch, x.Data, dyAny.Data, dw, db, T.Zero, execution);
        Compare.Equal<T>(dwExpected, dw, $"dw, {x.Layout} and {dyAny.Layout}");
        Compare.Equal<T>(dbExpected, db, $"db, {dyAny.Layout}");
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            Assert.True(plan.WorkspaceBytes(direction, c.Batch, execution) >= 0);
    }

    /// <summary>A plan for images innermost, of which Winograd's gradients are sums of their own.</summary>
    private static Conv2DPlan<T> InLanes<T>(ConvCase c)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        new(c.Shape, ImageLayout.Chwn(c.Shape.C, c.Shape.H, c.Shape.W, c.Batch + 1),
            ImageLayout.Chwn(c.Shape.K, c.Shape.P, c.Shape.Q, c.Batch + 1), c.Algorithm);

    /// <summary>Contiguous images side by side, with room for one more.</summary>
    private static T[] ToLanes<T>(T[] packed, int batch)
    {
        int size = packed.Length / Math.Max(batch, 1);
        T[] lanes = new T[size * (batch + 1)];
        for (int i = 0; i < packed.Length; i++)
            lanes[(i % size * (batch + 1)) + (i / size)] = packed[i];
        return lanes;
    }

    private static T[] FromLanes<T>(T[] lanes, int batch)
    {
        int size = lanes.Length / (batch + 1);
        T[] packed = new T[size * batch];
        for (int i = 0; i < packed.Length; i++)
            packed[i] = lanes[(i % size * (batch + 1)) + (i / size)];
        return packed;
    }

    private static void Transposed<T>(SimdTier tier, ConvCase c)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = c.Shape;
        ConvTranspose2DShape shape = new(s.K, s.P, s.Q, s.C, s.R, s.S)
        {
            StrideH = s.StrideH,
            StrideW = s.StrideW,
            Groups = s.Groups,
        };
        Execution execution = tier.Run();
        int[] xSizes = [c.Batch, shape.C, shape.H, shape.W], ySizes = [c.Batch, shape.K, shape.P, shape.Q];
        T[] w = Data.Make<T>(s.WeightCount, c.Data, c.Seed);
        ConvTranspose2DPlan<T> dense = new(shape);

        (AnyLayout<T> x, T[] xPacked) = AnyLayout<T>.ToRead(c.Seed + 2, c.Data, xSizes);
        AnyLayout<T> y = AnyLayout<T>.ToWrite(c.Seed + 3, [], ySizes);
        T[] expected = new T[dense.OutputLength(c.Batch)];
        dense.Forward(c.Batch, xPacked, w, expected, default, execution);
        new ConvTranspose2DPlan<T>(shape, x.Layout, y.Layout).Forward(c.Batch, x.Data, w, y.Data, default, execution);
        Compare.Equal<T>(expected, y.Results("y"), $"y, {x.Layout} to {y.Layout}");

        T[] dx = new T[xPacked.Length];
        AnyLayout<T> dxAny = AnyLayout<T>.ToWrite(c.Seed + 4, [], xSizes),
            dy = AnyLayout<T>.ToWrite(c.Seed + 5, expected, ySizes);
        dense.InputGradient(c.Batch, expected, w, dx, default, execution);
        new ConvTranspose2DPlan<T>(shape, dxAny.Layout, dy.Layout).InputGradient(c.Batch, dy.Data, w, dxAny.Data, default,
            execution);
        Compare.Equal<T>(dx, dxAny.Results("dx"), $"dx, {dy.Layout} to {dxAny.Layout}");
    }

    private static void Pool<T>(SimdTier tier, PoolCase c)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        (Pool2DShape s, Execution execution, bool isMax) = (c.Shape, tier.Run(1 + (c.Seed % 3)), c.Kind == PoolKind.Max);
        int[] xSizes = [c.Batch, s.C, s.H, s.W], ySizes = [c.Batch, s.C, s.P, s.Q];
        Pool2DPlan<T> dense = new(s, c.Kind);
        (AnyLayout<T> x, T[] xPacked) = AnyLayout<T>.ToRead(c.Seed + 2, c.Data, xSizes);
        AnyLayout<T> y = AnyLayout<T>.ToWrite(c.Seed + 3, [], ySizes);
        Pool2DPlan<T> plan = new(s, c.Kind, x.Layout, y.Layout);
        T[] expected = new T[dense.OutputLength(c.Batch)];
        byte[] winners = new byte[isMax ? dense.WinnerBytes(c.Batch) : 0], winnersExpected = new byte[winners.Length];
        if (isMax)
        {
            dense.Forward(c.Batch, xPacked, expected, winnersExpected, execution);
            plan.Forward(c.Batch, x.Data, y.Data, winners, execution);
            Assert.Equal(winnersExpected, winners);
        }
        else
        {
            dense.Forward(c.Batch, xPacked, expected, execution);
            plan.Forward(c.Batch, x.Data, y.Data, execution);
        }

        Compare.Equal<T>(expected, y.Results("y"), $"y, {x.Layout} to {y.Layout}");
        T[] dx = new T[xPacked.Length];
        AnyLayout<T> dy = AnyLayout<T>.ToWrite(c.Seed + 4, expected, ySizes),
            dxAny = AnyLayout<T>.ToWrite(c.Seed + 5, [], xSizes);
        Pool2DPlan<T> backward = new(s, c.Kind, dxAny.Layout, dy.Layout);
        if (isMax)
        {
            dense.Backward(c.Batch, expected, winners, dx, execution);
            backward.Backward(c.Batch, dy.Data, winners, dxAny.Data, execution);
        }
        else
        {
            dense.Backward(c.Batch, expected, dx, execution);
            backward.Backward(c.Batch, dy.Data, dxAny.Data, execution);
        }

        Compare.Equal<T>(dx, dxAny.Results("dx"), $"dx, {dy.Layout} to {dxAny.Layout}");
    }

    /// <summary>Columns lie as images of one channel, whose rows are their rows; pixels of a row are neighbours.</summary>
    private static void Columns<T>(SimdTier tier, ConvCase c)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        IndexTable table = new(c.Shape);
        Execution execution = tier.Run(1 + (c.Seed % 3));
        T[] x = Data.Make<T>((long)c.Batch * c.Shape.C * c.Shape.H * c.Shape.W, c.Data, c.Seed),
            expected = new T[(long)c.Batch * table.Rows * table.Columns];
        SimdConv.Im2Col.Unfold(table, c.Batch, x, expected, ColumnLayout.PerImage(table), execution);

        int seed = c.Seed + 1;
        int[] sizes = [c.Batch, 1, table.Rows, table.Columns];
        AnyLayout<T> columns;
        Draws draws = new($"layout of {table.Rows} x {table.Columns} columns whose pixels are neighbours");
        do
        {
            draws.Next();
            columns = AnyLayout<T>.ToWrite(seed++, [], sizes);
        }
        while (columns.Layout.W != 1 && table.Columns > 1);
        SimdConv.Im2Col.Unfold<T>(table, c.Batch, x, columns.Data, new(columns.Layout.H, columns.Layout.N), execution);
        Compare.Equal<T>(expected, columns.Results("columns"), $"columns in {columns.Layout}");

        T[] packed;
        do
        {
            draws.Next();
            (columns, packed) = AnyLayout<T>.ToRead(seed++, c.Data, sizes);
        }
        while (columns.Layout.W != 1 && table.Columns > 1);
        T[] folded = new T[x.Length], foldedExpected = new T[x.Length];
        Col2Im.Fold(table, c.Batch, packed, ColumnLayout.PerImage(table), foldedExpected, execution);
        Col2Im.Fold<T>(table, c.Batch, columns.Data, new(columns.Layout.H, columns.Layout.N), folded, execution);
        Compare.Equal<T>(foldedExpected, folded, $"x of columns in {columns.Layout}");
    }

    private static void Products(SimdTier tier, int seed)
    {
        Random random = new(seed);
        int batch = random.Next(1, 5), m = random.Next(1, 20), n = random.Next(1, 40), k = random.Next(1, 20),
            lda = k + random.Next(3), ldb = n + random.Next(3), ldc, strideC;
        (ldc, strideC) = random.Next(2) == 0 ? ((n + random.Next(3)) * batch, n) : (n + random.Next(3),
            (m * (n + 3)) + random.Next(9));
        int strideA = batch == 1 ? random.Next(-9, int.MaxValue) : random.Next(0, 2) * random.Next(1, 300),
            strideB = batch == 1 ? int.MinValue : random.Next(0, 2) * random.Next(1, 300);
        float[] a = Data.Make<float>((batch == 1 ? 0 : batch * strideA) + (m * lda), DataKind.Real, seed),
            b = Data.Make<float>((batch == 1 ? 0 : batch * strideB) + (k * ldb), DataKind.Real, seed + 1);
        float[] c = Data.Make<float>((batch * (long)strideC) + (m * ldc), DataKind.Real, seed + 2), expected = (float[])c.Clone();
        for (int i = 0; i < batch; i++)
            SimdConv.Gemm.Multiply<float>(Transpose.No, Transpose.No, m, n, k, 1,
                a.AsSpan(i * Math.Max(0, batch == 1 ? 0 : strideA)), lda, b.AsSpan(batch == 1 ? 0 : i * strideB), ldb, 1,
                expected.AsSpan(i * strideC), ldc, tier.Run());
        SimdConv.Gemm.MultiplyBatched<float>(batch, Transpose.No, Transpose.No, m, n, k, 1, a, lda, strideA, b, ldb, strideB, 1,
            c, ldc, batch == 1 ? -7 : strideC, tier.Run(1 + (seed % 3)));
        Compare.Equal<float>(expected, c, $"{batch} of {m} x {n} x {k}, ldc {ldc}, strideC {strideC}");
    }
}
