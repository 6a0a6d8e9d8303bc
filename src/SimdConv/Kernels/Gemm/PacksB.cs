namespace SimdConv.Kernels;

/// <summary>
/// A is a packed panel; B is read from the caller's matrix, and the tile writes it to the panel at b while it computes. The row
/// of the next panel beside each row is fetched.
/// </summary>
internal unsafe struct PacksB<T> : ITileWay
    where T : unmanaged
{
    /// <summary>Row k of B is at Source + k * Term.</summary>
    public T* Source;

    /// <summary>From one row of B to the next.</summary>
    public nint Term;

    public static TileWay Value => TileWay.PacksB;

    public readonly nint RowsOfB(nint nr) => nr;

    public readonly int* Table => null;
}
