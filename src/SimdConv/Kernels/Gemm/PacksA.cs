namespace SimdConv.Kernels;

/// <summary>
/// B is a packed panel; A is read from the caller's matrix, and the tile writes it to the panel at a while it computes.
/// </summary>
internal unsafe struct PacksA<T> : ITileWay
    where T : unmanaged
{
    /// <summary>Row i of term k is at Source + i * Row + k * Term.</summary>
    public T* Source;

    /// <summary>From one row of A to the next, and from one term.</summary>
    public nint Row, Term;

    public static TileWay Value => TileWay.PacksA;

    public readonly nint RowsOfB(nint nr) => nr;

    public readonly int* Table => null;
}
