namespace SimdConv.Packing;

/// <summary>The matrices of transformed tiles that Winograd's algorithm multiplies.</summary>
/// <param name="first">The first matrix.</param>
/// <param name="lanes">Elements of a row of a matrix: the lanes of a block of tiles.</param>
/// <param name="next">Elements from one matrix to the next.</param>
internal readonly unsafe struct TileMatrices<T>(T* first, int lanes, nint next)
    where T : unmanaged
{
    public readonly T* First = first;
    public readonly int Lanes = lanes;
    public readonly nint Next = next;
}
