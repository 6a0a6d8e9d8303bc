namespace SimdConv.Kernels;

/// <summary>A column at most a register wide, of one plane or a few, for the weight gradient.</summary>
internal unsafe struct DepthwiseWeightGradientColumn<T>
    where T : unmanaged
{
    /// <summary>As in <see cref="DepthwiseColumn{T}"/>.</summary>
    public T* Strip;
    public int* Offsets;
    public nint Pitch;
    public int Shared;
    public int Taps, Rows;

    /// <summary>Rows of dY, and how many of them may be read as whole registers.</summary>
    public T* DY;
    public nint NextRow;
    public int Count, WholeRows;

    /// <summary>Partial sums, a register for each tap; lanes behind the last column hold anything.</summary>
    public T* Sums;
    public nint NextTap;

    /// <summary>
    /// How many planes the same column is computed of, and the elements from one plane to the next in each operand.
    /// </summary>
    public int Planes;
    public nint NextStrip, NextDY, NextSums;
}
