namespace SimdConv.Kernels;

/// <summary>What a tile of <see cref="LaneTile{TVec, T, TOutputs, TTaps}"/> reads and writes.</summary>
internal unsafe struct LaneOperands<T>
    where T : unmanaged
{
    /// <summary>The strip of x, at the first position.</summary>
    public T* X;

    /// <summary>The taps' offsets into it.</summary>
    public int* Offsets;

    /// <summary>From one row of positions to the next in x.</summary>
    public nint Pitch;

    /// <summary>The first output at the first position; zeros from a row's end to that of its last register.</summary>
    public T* Dy;

    /// <summary>From one output to the next in dY.</summary>
    public nint NextOutput;

    /// <summary>From one row of positions to the next in dY.</summary>
    public nint NextRow;

    /// <summary>Rows of positions.</summary>
    public int Rows;

    /// <summary>Positions of a row from here on.</summary>
    public int Width;

    /// <summary>Positions from one register of a row to the next one of the same virtual lanes.</summary>
    public int Step;

    /// <summary>The partial sums, registers of [output][tap].</summary>
    public T* C;

    /// <summary>Elements from one output to the next in C.</summary>
    public nint NextC;

    /// <summary>Elements from one tap to the next in C.</summary>
    public nint NextTap;
}
