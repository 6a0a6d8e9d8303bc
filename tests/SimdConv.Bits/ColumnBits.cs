using System.Numerics;

namespace SimdConv.Bits;

/// <summary>im2col and col2im, columns image by image and side by side.</summary>
internal static class ColumnBits<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly (string Name, Conv2DShape Shape)[] Shapes =
    [
        ("3x3", new(5, 14, 17, 1, 3, 3) { PadTop = 1, PadBottom = 1, PadLeft = 1, PadRight = 1 }),
        ("3x3-stride-2", new(6, 23, 21, 1, 3, 3) { StrideH = 2, StrideW = 2, PadTop = 1, PadLeft = 1 }),
        ("5x2-dilated", new(3, 16, 40, 1, 5, 2) { DilationH = 2, DilationW = 3, PadBottom = 2 }),
        ("7x7-of-small-planes", new(4, 7, 7, 1, 7, 7) { PadTop = 3, PadBottom = 3, PadLeft = 3, PadRight = 3 }),
        ("2x2-patches", new(8, 12, 12, 1, 2, 2) { StrideH = 2, StrideW = 2 }),
    ];

    public static IEnumerable<BitCase> Cases()
    {
        foreach ((string name, Conv2DShape shape) in Shapes)
        {
            yield return new($"columns/{typeof(T).Name}/{name}", execution =>
            {
                Digest digest = new();
                IndexTable table = new(shape);
                foreach (ColumnLayout layout in
                    (ColumnLayout[])[ColumnLayout.PerImage(table), ColumnLayout.Concatenated(table, 3)])
                {
                    T[] x = Numbers.Make<T>(3L * shape.C * shape.H * shape.W, 1),
                        columns = new T[3L * table.Rows * table.Columns];
                    Im2Col.Unfold<T>(table, 3, x, columns, layout, execution);
                    digest.Add<T>(columns);
                    Col2Im.Fold<T>(table, 3, Numbers.Make<T>(columns.Length, 2), layout, x, execution);
                    digest.Add<T>(x);
                }

                return digest.Value;
            });
        }
    }
}
