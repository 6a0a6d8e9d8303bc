namespace SimdConv;

/// <summary>Where a column matrix lies: element (row, column) of image n is at row*Ld + n*ImageStride + column.</summary>
/// <remarks>A stride is 0 or more; that of a single row, or of the images in a batch of one, is never used and may be any
/// number.</remarks>
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
