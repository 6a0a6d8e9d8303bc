namespace SimdConv.Kernels;

/// <summary>A is a packed panel; row k of B is at b + offsets[k].</summary>
internal readonly unsafe struct IndexedB(int* offsets) : ITileWay
{
    public static TileWay Value => TileWay.IndexedB;

    public int* Table => offsets;

    public nint RowsOfB(nint nr) => nr;
}
