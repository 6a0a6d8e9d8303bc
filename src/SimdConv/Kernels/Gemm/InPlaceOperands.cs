namespace SimdConv.Kernels;

/// <summary>
/// What a tile over operands that aren't packed reads and writes; a struct in memory, since so many arguments would not fit in
/// registers.
/// </summary>
internal unsafe struct InPlaceOperands<T>
    where T : unmanaged
{
    /// <summary>Element (i, k) is at A + i*ARow + k*ATerm.</summary>
    public T* A;
    public nint ARow, ATerm;

    /// <summary>Row k is at B + k*Ldb.</summary>
    public T* B;
    public nint Ldb;

    /// <summary>What the chains begin with, null for zeros; LdStart 0 repeats one row.</summary>
    public T* Start;
    public nint LdStart;

    /// <summary>The result; may be Start.</summary>
    public T* C;
    public nint Ldc;

    public nint Terms;

    /// <summary>Elements from a row of B to the later one that is prefetched along with it; 0 for none.</summary>
    public nint Ahead;

    /// <summary>The columns of the last register.</summary>
    public int Last;

    /// <summary>Whether whole registers of C are written past the caches: each is aligned.</summary>
    public bool IsStreaming;
}
