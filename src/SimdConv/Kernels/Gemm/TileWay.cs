namespace SimdConv.Kernels;

/// <summary>
/// The ways of a tile: see the struct of each name. Those that <see cref="UnrolledTile{TVec, T, TShape}"/> has come first.
/// </summary>
internal enum TileWay
{
    /// <inheritdoc cref="Kernels.StridedB"/>
    StridedB,

    /// <inheritdoc cref="Kernels.IndexedB"/>
    IndexedB,

    /// <inheritdoc cref="Kernels.PlacedRegisters"/>
    PlacedRegisters,

    /// <inheritdoc cref="Kernels.IndexedA"/>
    IndexedA,

    /// <inheritdoc cref="FetchesC{T}"/>
    FetchesC,

    /// <inheritdoc cref="PacksA{T}"/>
    PacksA,

    /// <inheritdoc cref="PacksB{T}"/>
    PacksB,

    /// <inheritdoc cref="Kernels.SelectedTerms"/>
    SelectedTerms,
}
