namespace SimdConv.Loops;

/// <summary>As many neighbouring planes as a register has lanes, or fewer.</summary>
internal unsafe struct PlaneBlock<T>
    where T : unmanaged
{
    /// <summary>The first of them in the source and in the target.</summary>
    public T* From, To;

    /// <summary>null, or the first of their winners.</summary>
    public byte* Winners;

    /// <summary>How many there are.</summary>
    public int Lanes;
}
