namespace SimdConv.Kernels;

/// <summary>The taps of rows of windows in a strip, in which windows are neighbours and padding is data.</summary>
internal unsafe struct WindowTaps<T>
    where T : unmanaged
{
    /// <summary>The first tap that counts of the first window.</summary>
    public T* First;

    /// <summary>Elements from one row of windows to the next.</summary>
    public nint NextWindows;

    /// <summary>Rows of taps.</summary>
    public int Rows;

    /// <summary>Elements from one row of taps to the next.</summary>
    public nint NextRow;

    /// <summary>Where the taps of a row are.</summary>
    public int* Columns;

    /// <summary>How many there are.</summary>
    public int ColumnCount;
}

/// <summary>
/// The contributions of windows to rows of pixels: for each row and column of taps a row of windows with zeros around it.
/// </summary>
internal unsafe struct WindowGifts<T>
    where T : unmanaged
{
    public T* Given;

    /// <summary>null, or for each contribution the only tap that it is for, laid out alike.</summary>
    public T* Taps;

    /// <summary>Elements from the contributions to one row of pixels to those to the next row.</summary>
    public nint NextPixels;

    /// <summary>Rows of taps.</summary>
    public int Rows;

    /// <summary>Elements from one row of taps to the next, and from one column of taps.</summary>
    public nint NextRow, NextColumn;

    /// <summary>The first row's tap of column 0, and the number of taps from one row and column to the next.</summary>
    public T FirstTap, RowTaps, ColumnTaps;
}

/// <summary>The columns of taps that pixels of one phase of the stride meet.</summary>
/// <param name="From">The offset of the first column's contribution to the first pixel.</param>
/// <param name="Count">How many there are.</param>
/// <param name="FirstTap">The number of the first one.</param>
internal readonly record struct WindowColumns(nint From, int Count, int FirstTap);
