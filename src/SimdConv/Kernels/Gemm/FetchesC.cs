namespace SimdConv.Kernels;

/// <summary>Both operands are packed panels; the tile fetches the next tile of C, a row at a time, while its terms run.</summary>
internal unsafe struct FetchesC<T> : ITileWay
    where T : unmanaged
{
    /// <summary>The tile of C to be fetched, whose rows are as far apart as those of the tile's own.</summary>
    public T* NextC;

    public static TileWay Value => TileWay.FetchesC;

    public readonly nint RowsOfB(nint nr) => nr;

    public readonly int* Table => null;
}
