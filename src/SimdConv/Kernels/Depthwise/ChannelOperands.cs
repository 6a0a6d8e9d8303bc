namespace SimdConv.Kernels;

/// <summary>What all tiles of a block of channels read.</summary>
internal unsafe struct ChannelOperands<T>
    where T : unmanaged
{
    /// <summary>A register of channels for each tap.</summary>
    public T* Weights;

    /// <summary>Where a tap lies in the strip, from the first one on, in elements; a multiple of a register.</summary>
    public int* Offsets;
    public int Taps;

    /// <summary>What chains begin with, unless they go on from what the outputs hold.</summary>
    public T* Start;
    public bool GoOn;

    /// <summary>Columns of outputs, and registers of the strip from one of them to the next.</summary>
    public int Width, Stride;

    /// <summary>Elements of the strip from one row of outputs to the next.</summary>
    public nint NextRow;
}
