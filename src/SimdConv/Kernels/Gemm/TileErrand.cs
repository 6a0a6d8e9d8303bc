namespace SimdConv.Kernels;

/// <summary>What a tile does for later ones, with the loads and stores that its multiply-adds leave free; and where its registers lie.</summary>
internal unsafe struct TileErrand<T>
    where T : unmanaged
{
    /// <summary>The tile of C to be fetched, its rows as far apart as those of the own one.</summary>
    public T* NextC;

    /// <summary>The operand that is packed: row i (of A) of term k at Source + i * SourceRow + k * SourceTerm.</summary>
    public T* Source;
    public nint SourceRow, SourceTerm;

    /// <summary>Where registers lie.</summary>
    public TilePlaces* Places;

    /// <summary>Terms that follow each other in B and in the table of offsets, and how many to pass over behind them.</summary>
    public nint Terms, SkippedTerms;
}
