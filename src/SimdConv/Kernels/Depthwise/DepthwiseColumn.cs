namespace SimdConv.Kernels;

/// <summary>A column at most a register wide, of one plane or a few, for a depthwise tile.</summary>
internal unsafe struct DepthwiseColumn<T>
    where T : unmanaged
{
    /// <summary>Tap k of row i is at Strip + Offsets[k] + i*Pitch; whole registers may be read there.</summary>
    public T* Strip;
    public int* Offsets;
    public nint Pitch;

    /// <summary>
    /// The vertical stride (1 or 2) of an undilated 3x3 kernel, of whose source rows neighbouring outputs share some; 0 selects
    /// the general loop.
    /// </summary>
    public int Shared;
    public int Taps, Rows;

    /// <summary>One for each tap.</summary>
    public T* Weights;

    /// <summary>What chains begin with, null for zero; ignored where they continue from what Target holds.</summary>
    public T* Bias;
    public bool GoOn;
    public T* Target;
    public nint NextRow;

    /// <summary>Columns of the plane in the register; lanes behind them are computed and dropped.</summary>
    public int Count;

    /// <summary>How many rows may be stored as whole registers: the elements behind their columns are written later.</summary>
    public int WholeRows;

    /// <summary>
    /// How many planes the same column is computed of, and the elements from one plane to the next in each operand.
    /// </summary>
    public int Planes;
    public nint NextStrip, NextTarget, NextBias, NextWeights;

    /// <summary>What is prefetched into L2 meanwhile, one cache line or four for each row; null for nothing.</summary>
    public T* Fetch;
}
