namespace SimdConv.Kernels;

/// <summary>What <see cref="ImageRowTile{TVec, T}"/> reads and writes.</summary>
internal unsafe struct ImageRowOperands<T>
    where T : unmanaged
{
    /// <summary>Where the first tap of the first position is read, and where that position is written.</summary>
    public T* X, Y;

    /// <summary>Segments of neighbouring elements, and elements of each: a register at least.</summary>
    public int Segments, Length;

    /// <summary>From one segment to the next.</summary>
    public nint NextX, NextY;

    /// <summary>For each tap how far from the first one it is read, and its number among the weights.</summary>
    public int* Pairs;

    /// <summary>Taps; none gives the start.</summary>
    public int Taps;

    /// <summary>The weight of the first number, and the distance from one to the next.</summary>
    public T* Weights;
    public nint NextWeight;

    /// <summary>What the chains begin with.</summary>
    public T Start;
}
