namespace SimdConv.Kernels;

/// <summary>
/// <see cref="PlacedRegisters"/> for some terms of the panel of A: the table has a pair for each, the offset of its row of B and
/// its number in the panel.
/// </summary>
internal readonly unsafe struct SelectedTerms(int* pairs, TilePlaces* places) : ITileWay
{
    public readonly TilePlaces* Places = places;

    public static TileWay Value => TileWay.SelectedTerms;

    public int* Table => pairs;

    public nint RowsOfB(nint nr) => nr;
}
