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
    public nint* Columns;

    /// <summary>How many there are.</summary>
    public int ColumnCount;
}

/// <summary>The columns of taps that pixels of one phase of the stride meet.</summary>
/// <param name="From">The offset of the first column's contribution to the first pixel.</param>
/// <param name="Count">How many there are.</param>
/// <param name="FirstTap">The number of the first one.</param>
internal readonly record struct WindowColumns(nint From, int Count, int FirstTap);
