namespace SimdConv.Kernels;

/// <summary>
/// <see cref="IndexedB"/>, but the registers of a row of B, and of a row of C, lie where <paramref name="places"/> says: in
/// several rows of an image, or in several images. Those of the start are neighbours.
/// </summary>
internal readonly unsafe struct PlacedRegisters(int* offsets, TilePlaces* places) : ITileWay
{
    public readonly TilePlaces* Places = places;

    public static TileWay Value => TileWay.PlacedRegisters;

    public int* Table => offsets;

    public nint RowsOfB(nint nr) => nr;
}
