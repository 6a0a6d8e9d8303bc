namespace SimdConv.Kernels;

/// <summary>Where a tile finds the rows of B, and what it does beside its sums.</summary>
internal enum TileWay
{
    /// <summary>Rows of B are ldb elements from each other.</summary>
    Strided,

    /// <summary>Row k of B is found through a table of offsets.</summary>
    Indexed,

    /// <summary>Indexed, and the registers of a row lie where the errand says, in B and in C: in rows of an image, or in several images.</summary>
    Placed,

    /// <summary>Placed, for some terms of A's panel: the table has pairs, the offset of a row of B and the number of its term.</summary>
    Chosen,

    /// <summary>Strided, and the next tile of C is fetched.</summary>
    Panel,

    /// <summary>Strided; A is read where it lies, and packed.</summary>
    PacksA,

    /// <summary>B is read where it lies, and packed; the next tile of C and the next panel of B are fetched.</summary>
    PacksB,

    /// <summary>Strided, and the rows of column k of A are found through a table of offsets: positions of an image, as they lie.</summary>
    Raw,
}
