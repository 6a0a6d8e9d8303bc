namespace SimdConv.Kernels;

/// <summary>A is a packed panel; row k of B is at b + k * Ldb.</summary>
internal readonly unsafe struct StridedB(nint ldb) : ITileWay
{
    public static TileWay Value => TileWay.StridedB;

    public nint RowsOfB(nint nr) => ldb;

    public int* Table => null;
}
