namespace SimdConv.Kernels;

/// <summary>The shape of one tile.</summary>
internal interface ITileShape
{
    /// <summary>Rows of C: elements of A that are broadcast each k.</summary>
    static abstract int Rows { get; }

    /// <summary>Registers across a row of C.</summary>
    static abstract int Vectors { get; }

    static abstract TileWay Way { get; }
}
