using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Im2Col;

/// <summary>What holds of im2col and col2im, one case at a time. The case's layouts say how the columns lie.</summary>
internal static class Im2ColProperties<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Unfold(SimdTier tier, ConvCase c)
    {
        IndexTable table = new(c.Shape);
        ColumnLayout layout = Layout(table, c, out int length);
        T[] x = Data.Make<T>(Pixels(c), c.Data, c.Seed), before = (T[])x.Clone();
        T[] expected = Data.Filled(length, Data.Canary<T>());
        ReferenceIm2Col.Unfold<T>(c.Shape, c.Batch, x, expected, layout);
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            T[] columns = Data.Filled(length, Data.Canary<T>());
            SimdConv.Im2Col.Unfold<T>(table, c.Batch, x, columns, layout, tier.Run(threads));
            Compare.Untouched<T>(before, x, "x");
            Compare.Untouched<T>(expected, columns, "columns or a gap between them, beyond what im2col sets,");
        }
    }

    public static void Fold(SimdTier tier, ConvCase c)
    {
        IndexTable table = new(c.Shape);
        ColumnLayout layout = Layout(table, c, out int length);
        T[] packed = Data.Make<T>((long)c.Batch * table.Rows * table.Columns, c.Data, c.Seed);
        T[] columns = Data.Filled(length, Data.Canary<T>());
        for (int i = 0; i < packed.Length; i++)
            columns[(int)Offset(table, layout, i)] = packed[i];

        T[] expected = WindowChain.Fold(c.Shape, c.Batch, packed);
        double[] exact = new double[expected.Length], gauge = new double[expected.Length], wide = Data.Widen<T>(columns);
        ReferenceIm2Col.Fold<double>(c.Shape, c.Batch, wide, layout, exact);
        ReferenceIm2Col.Fold<double>(c.Shape, c.Batch, Data.Absolute(wide), layout, gauge);
        foreach (int threads in (int[])[1, 2, 3, 7])
        {
            T[] x = Data.Filled(Pixels(c), Data.Canary<T>());
            Col2Im.Fold<T>(table, c.Batch, columns, layout, x, tier.Run(threads));
            Compare.Equal<T>(expected, x, $"x on {threads} threads");
            Compare.WithinBound<T>(exact, gauge, x, c.Shape.R * c.Shape.S, "x");
        }
    }

    /// <summary>The columns, and the images that they fold to, one behind the other.</summary>
    public static T[] Execute(ConvCase c, Execution execution)
    {
        IndexTable table = new(c.Shape);
        ColumnLayout layout = Layout(table, c, out int length);
        T[] columns = Data.Filled(length, Data.Canary<T>()), x = Data.Filled(Pixels(c), Data.Canary<T>());
        SimdConv.Im2Col.Unfold<T>(table, c.Batch, Data.Make<T>(Pixels(c), c.Data, c.Seed), columns, layout, execution);
        Col2Im.Fold<T>(table, c.Batch, columns, layout, x, execution);
        return [.. columns, .. x];
    }

    /// <summary>The columns of each image, and the image that they fold to, are those of the image alone.</summary>
    public static void SameAtAnyBatch(SimdTier tier, ConvCase c)
    {
        IndexTable table = new(c.Shape);
        int pixels = c.Shape.C * c.Shape.H * c.Shape.W, size = table.Rows * table.Columns;
        T[] x = Data.Make<T>(Pixels(c), c.Data, c.Seed), columns = new T[c.Batch * size], folded = new T[x.Length];
        SimdConv.Im2Col.Unfold<T>(table, c.Batch, x, columns, ColumnLayout.PerImage(table), tier.Run());
        Col2Im.Fold<T>(table, c.Batch, columns, ColumnLayout.PerImage(table), folded, tier.Run());
        for (int n = 0; n < c.Batch; n++)
        {
            T[] columnsAlone = new T[size], foldedAlone = new T[pixels];
            SimdConv.Im2Col.Unfold<T>(
                table, 1, x.AsSpan(n * pixels, pixels), columnsAlone, ColumnLayout.PerImage(table), tier.Run());
            Compare.Equal<T>(columns.AsSpan(n * size, size), columnsAlone, $"columns of image {n} of {c.Batch} alone");
            Col2Im.Fold<T>(table, 1, columnsAlone, ColumnLayout.PerImage(table), foldedAlone, tier.Run());
            Compare.Equal<T>(folded.AsSpan(n * pixels, pixels), foldedAlone, $"image {n} of {c.Batch} alone");
        }
    }

    /// <summary>The tables' numbers, from their definition.</summary>
    public static void Tables(ConvCase c)
    {
        Conv2DShape s = c.Shape;
        IndexTable table = new(s);
        Assert.Equal((s.C * s.R * s.S, s.P * s.Q), (table.Rows, table.Columns));
        Assert.Equal(table.Rows, table.D.Length);
        Assert.Equal(table.Rows * table.Columns, table.I.Length);
        Assert.Equal(table.Rows * table.Columns, table.J.Length);
        for (int row = 0; row < table.Rows; row++)
        {
            Assert.Equal(row / s.S / s.R, table.D[row]);
            for (int column = 0; column < table.Columns; column++)
            {
                Assert.Equal((row / s.S % s.R * s.DilationH) + (column / s.Q * s.StrideH),
                    table.I[(row * table.Columns) + column]);
                Assert.Equal((row % s.S * s.DilationW) + (column % s.Q * s.StrideW), table.J[(row * table.Columns) + column]);
            }
        }
    }

    private static int Pixels(ConvCase c) => c.Batch * c.Shape.C * c.Shape.H * c.Shape.W;

    private static ColumnLayout Layout(IndexTable table, ConvCase c, out int length)
    {
        ColumnLayout layout = c.Output switch
        {
            LayoutKind.Nchw => ColumnLayout.PerImage(table),
            LayoutKind.Nhwc => ColumnLayout.Concatenated(table, c.Batch),
            _ => new(table.Columns + 5, ((table.Columns + 5) * table.Rows) + 3),
        };
        length = c.Batch == 0 ? 0 : (int)Offset(table, layout, (c.Batch * table.Rows * table.Columns) - 1) + 1;
        return layout;
    }

    private static nint Offset(IndexTable table, ColumnLayout layout, int i) =>
        (i / table.Columns % table.Rows * layout.Ld) + (i / table.Columns / table.Rows * layout.ImageStride)
        + (i % table.Columns);
}
