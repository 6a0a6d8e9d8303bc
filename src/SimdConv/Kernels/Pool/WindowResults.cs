namespace SimdConv.Kernels;

/// <summary>Where rows of results of windows go.</summary>
internal unsafe struct WindowResults<T>
    where T : unmanaged
{
    /// <summary>The first result.</summary>
    public T* First;

    /// <summary>Elements from one row to the next.</summary>
    public nint Pitch;

    /// <summary>Rows, and results of each.</summary>
    public int Rows, Width;

    /// <summary>Whether rows are shorter than a register and nothing behind them may be loaded.</summary>
    public bool IsPart;

    /// <summary>Where whole registers have to end, of rows that are shorter than one; null if none may be stored.</summary>
    public T* End;

    /// <summary>Winners as numbers, whole registers of them; null where there are none.</summary>
    public T* Taps;

    /// <summary>Elements from one row of these to the next.</summary>
    public nint TapsPitch;
}
