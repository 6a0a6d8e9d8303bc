namespace SimdConv;

/// <summary>
/// The index tables of im2col for one shape, made once and used by any number of <see cref="Im2Col"/> and <see cref="Col2Im"/> calls.
/// </summary>
/// <remarks>
/// The columns are a matrix of C*R*S rows, row (c*R + r)*S + s for tap (r, s) of channel c, and P*Q columns, column p*Q + q for the
/// window (p, q). Element (row, column) is pixel (I, J) of channel D of the padded image: what NumPy programs know as
/// get_indices, with <c>columns = padded[:, D, I, J]</c>. K and Groups of the shape don't matter.
/// </remarks>
public sealed class IndexTable
{
    private readonly Lazy<int[]> i, j, d;

    /// <summary>The tables of a shape.</summary>
    /// <exception cref="ArgumentNullException">There is no shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The shape is impossible.</exception>
    public IndexTable(Conv2DShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        shape.Validate();
        Core.Shapes.RequireCountable("shape.C", shape.C, shape.C, shape.R, shape.S);
        Shape = shape;
        i = new(() => Fill((row, column) => (row / shape.S % shape.R * shape.DilationH) + (column / shape.Q * shape.StrideH)));
        j = new(() => Fill((row, column) => (row % shape.S * shape.DilationW) + (column % shape.Q * shape.StrideW)));
        d = new(() => [.. Enumerable.Range(0, Rows).Select(row => row / (shape.R * shape.S))]);
        RowRanges = Ranges(shape.R, shape.DilationH, shape.PadTop, shape.StrideH, shape.H, shape.P);
        ColumnRanges = Ranges(shape.S, shape.DilationW, shape.PadLeft, shape.StrideW, shape.W, shape.Q);
    }

    /// <summary>The geometry.</summary>
    public Conv2DShape Shape { get; }

    /// <summary>Rows of the columns: C*R*S.</summary>
    public int Rows => Shape.C * Shape.R * Shape.S;

    /// <summary>Columns of one image: P*Q.</summary>
    public int Columns => Shape.P * Shape.Q;

    /// <summary>Rows x Columns: the row in the padded image. Made when first asked for; the operations don't need it.</summary>
    public ReadOnlySpan<int> I => i.Value;

    /// <summary>Rows x Columns: the column in the padded image. Made when first asked for; the operations don't need it.</summary>
    public ReadOnlySpan<int> J => j.Value;

    /// <summary>Rows: the channel.</summary>
    public ReadOnlySpan<int> D => d.Value;

    /// <summary>For each kernel row: the image row of window 0, and the windows whose row lies inside the image.</summary>
    internal (int Offset, int First, int Last)[] RowRanges { get; }

    /// <summary>For each kernel column: the image column of window 0, and the windows whose column lies inside the image.</summary>
    internal (int Offset, int First, int Last)[] ColumnRanges { get; }

    private int[] Fill(Func<int, int, int> index)
    {
        Core.Shapes.RequireCountable("shape", Shape, Rows, Columns);
        int[] table = new int[Rows * Columns];
        for (int row = 0, at = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++)
                table[at++] = index(row, column);
        }

        return table;
    }

    private static (int, int, int)[] Ranges(int kernel, int dilation, int pad, int stride, int size, int windows)
    {
        (int, int, int)[] ranges = new (int, int, int)[kernel];
        for (int tap = 0; tap < kernel; tap++)
        {
            int offset = (tap * dilation) - pad;
            int first = (int)Math.Clamp((-(long)offset + stride - 1) / stride, 0, windows);
            ranges[tap] = (offset, first, (int)Math.Clamp(((long)size - offset + stride - 1) / stride, first, windows));
        }

        return ranges;
    }
}

/// <summary>Where a column matrix lies: element (row, column) of image n is at row*Ld + n*ImageStride + column.</summary>
/// <param name="Ld">Elements from one row to the next.</param>
/// <param name="ImageStride">Elements from one image's columns to the next one's.</param>
public readonly record struct ColumnLayout(nint Ld, nint ImageStride)
{
    /// <summary>One matrix C*R*S x (N*P*Q) of all images' columns side by side, as NumPy's im2col gives it.</summary>
    /// <exception cref="ArgumentNullException">There is no table.</exception>
    public static ColumnLayout Concatenated(IndexTable table, int batch)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new((nint)batch * table.Columns, table.Columns);
    }

    /// <summary>A matrix C*R*S x (P*Q) for each image, as PyTorch's unfold gives it.</summary>
    /// <exception cref="ArgumentNullException">There is no table.</exception>
    public static ColumnLayout PerImage(IndexTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new(table.Columns, (nint)table.Rows * table.Columns);
    }
}
