namespace SimdConv.Loops;

/// <summary>Rows of dY as [position][output channel].</summary>
internal unsafe struct PositionRows<T>
    where T : unmanaged
{
    public T* Data;

    /// <summary>Elements from one position to the next.</summary>
    public int Ld;

    /// <summary>Rows of positions, and output channels.</summary>
    public int Rows, Outputs;
}
