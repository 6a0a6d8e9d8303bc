namespace SimdConv.Kernels;

/// <summary>What <see cref="ImageRowTile{TVec, T}"/> reads and writes.</summary>
internal unsafe struct ImageRowOperands<T>
    where T : unmanaged
{
    /// <summary>Where the first tap of the first position is read, and where that position is written.</summary>
    public T* X, Y;

    /// <summary>Segments of neighbouring elements, and elements of a segment: at least those of a register.</summary>
    public int Segments, Length;

    /// <summary>From one segment to the next.</summary>
    public nint NextX, NextY;

    /// <summary>For each tap the distance of its element from that of the first tap, and its number among the weights.</summary>
    public int* Pairs;

    /// <summary>How many taps; with none, y is the start.</summary>
    public int Taps;

    /// <summary>The weight of number 0, and the distance from one weight to the next.</summary>
    public T* Weights;
    public nint NextWeight;

    /// <summary>What the chains begin with.</summary>
    public T Start;
}
