namespace SimdConv.Reference;

/// <summary>
/// im2col and its adjoint, col2im, in plain loops: what <see cref="Im2Col"/> and <see cref="Col2Im"/> are tested against. Images
/// are NCHW and contiguous; all C channels are unfolded, whatever the shape's groups.
/// </summary>
public static class ReferenceIm2Col
{
    /// <summary>columns[(c, r, s), (n, p, q)] = the pixel under tap (r, s) of window (p, q), or 0 in the padding.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="batch">Images.</param>
    /// <param name="x">Input images.</param>
    /// <param name="columns">The column matrix.</param>
    /// <param name="layout">Where its elements lie.</param>
    public static void Unfold<T>(Conv2DShape shape, int batch, ReadOnlySpan<T> x, Span<T> columns, ColumnLayout layout)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (Element e in Elements(shape, batch))
            columns[e.Column(layout)] = e.Pixel < 0 ? T.Zero : x[e.Pixel];
    }

    /// <summary>x = at each pixel, the sum of every column element that <see cref="Unfold"/> would have copied it to.</summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="shape">The geometry.</param>
    /// <param name="batch">Images.</param>
    /// <param name="columns">The column matrix.</param>
    /// <param name="layout">Where its elements lie.</param>
    /// <param name="x">Images, overwritten.</param>
    public static void Fold<T>(Conv2DShape shape, int batch, ReadOnlySpan<T> columns, ColumnLayout layout, Span<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Accumulator<T>[] sums = new Accumulator<T>[batch * shape.C * shape.H * shape.W];
        foreach (Element e in Elements(shape, batch))
        {
            if (e.Pixel >= 0)
                sums[e.Pixel].Add(columns[e.Column(layout)]);
        }

        for (int i = 0; i < sums.Length; i++)
            x[i] = sums[i].Result;
    }

    /// <summary>Every element of the column matrix with the pixel it stands for, -1 for padding.</summary>
    private static IEnumerable<Element> Elements(Conv2DShape shape, int batch)
    {
        int height = ReferenceConv2D.OutputHeight(shape), width = ReferenceConv2D.OutputWidth(shape);
        for (int n = 0; n < batch; n++)
        {
            for (int row = 0; row < shape.C * shape.R * shape.S; row++)
            {
                int c = row / (shape.R * shape.S), r = row / shape.S % shape.R, s = row % shape.S;
                for (int j = 0; j < height * width; j++)
                {
                    int h = (j / width * shape.StrideH) - shape.PadTop + (r * shape.DilationH);
                    int w = (j % width * shape.StrideW) - shape.PadLeft + (s * shape.DilationW);
                    bool inside = h >= 0 && h < shape.H && w >= 0 && w < shape.W;
                    yield return new(n, row, j, inside ? (((((n * shape.C) + c) * shape.H) + h) * shape.W) + w : -1);
                }
            }
        }
    }

    private readonly record struct Element(int Image, int Row, int Window, int Pixel)
    {
        public int Column(ColumnLayout layout) => (int)((Row * layout.Ld) + (Image * layout.ImageStride) + Window);
    }
}
