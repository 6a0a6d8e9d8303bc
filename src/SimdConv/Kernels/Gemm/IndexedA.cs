namespace SimdConv.Kernels;

/// <summary>
/// B is a packed panel that streams through L1, fetched ahead; the rows of column k of A are neighbours at a + offsets[k], as
/// positions of an image are. After each run of terms the tile passes over some, in B and in the table of offsets.
/// </summary>
internal unsafe struct IndexedA : ITileWay
{
    public int* Offsets;

    /// <summary>Terms of a run, and terms that are passed over behind each.</summary>
    public nint RunTerms, SkippedTerms;

    /// <summary>
    /// What a tile may fetch into L2, such as the panel of B after this one, and how many bytes further each time. Tiles that do
    /// so leave where they have come to; others fetch their own panel ahead.
    /// </summary>
    public byte* Next;
    public nint NextStep;

    public static TileWay Value => TileWay.IndexedA;

    public readonly int* Table => Offsets;

    public readonly nint RowsOfB(nint nr) => nr;
}
