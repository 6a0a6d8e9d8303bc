namespace SimdConv.Kernels;

/// <summary>What a tile of <see cref="WeightGradientTile{TVec, T, TRows, TVectors}"/> reads and writes.</summary>
internal unsafe struct WeightGradientOperands<T>
    where T : unmanaged
{
    /// <summary>The strip of x.</summary>
    public T* Strip;

    /// <summary>The offset of each row's tap into it.</summary>
    public int* Offsets;

    /// <summary>Rows of positions.</summary>
    public int Height;

    /// <summary>Positions of a row.</summary>
    public int Width;

    /// <summary>From one row of positions to the next in the strip.</summary>
    public nint Pitch;

    /// <summary>The first position's output channels.</summary>
    public T* Dy;

    /// <summary>From one position to the next in dY.</summary>
    public nint LdDy;

    /// <summary>Where the sums begin: C itself, or a row of zeros.</summary>
    public T* Start;

    /// <summary>From one row of that to the next.</summary>
    public nint LdStart;

    /// <summary>The tile of C.</summary>
    public T* C;

    /// <summary>From one row of C to the next.</summary>
    public nint Ldc;
}
