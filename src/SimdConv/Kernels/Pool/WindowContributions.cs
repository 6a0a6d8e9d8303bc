namespace SimdConv.Kernels;

/// <summary>
/// The contributions of windows to rows of pixels: for each row and column of taps a row of windows with zeros around it.
/// </summary>
internal unsafe struct WindowContributions<T>
    where T : unmanaged
{
    public T* Values;

    /// <summary>null, or for each contribution the only tap that it is for, laid out alike.</summary>
    public T* Taps;

    /// <summary>Elements from the contributions to one row of pixels to those to the next row.</summary>
    public nint NextPixels;

    /// <summary>Rows of taps.</summary>
    public int Rows;

    /// <summary>Elements from one row of taps to the next, and from one column of taps.</summary>
    public nint NextRow, NextColumn;

    /// <summary>How much further the taps of the next row of pixels are.</summary>
    public T PixelTaps;

    /// <summary>The first row's tap of column 0, and the number of taps from one row and column to the next.</summary>
    public T FirstTap, RowTaps, ColumnTaps;
}
