namespace SimdConv.Kernels;

/// <summary>
/// Where a tile finds its operands, and what it does beside its sums with the loads and stores that its multiply-adds leave free:
/// what BLIS calls auxinfo. Each way is a struct that holds what the tile needs for it and nothing else; the caller fills it in
/// for each tile and keeps it until the tile returns.
/// </summary>
internal unsafe interface ITileWay
{
    /// <summary>Which way it is, as a constant to the JIT.</summary>
    static abstract TileWay Value { get; }

    /// <summary>
    /// From one row of B to the next, for tiles that are <paramref name="nr"/> elements wide; unused where a table says it.
    /// </summary>
    nint RowsOfB(nint nr);

    /// <summary>An offset for each term; null where the way has none.</summary>
    int* Table { get; }
}
