namespace SimdConv.Loops;

/// <summary>How a block is copied.</summary>
internal enum CopyWay
{
    /// <summary>Row by row, contiguous or not.</summary>
    Rows,

    /// <summary>Transposed in registers.</summary>
    Transposed,

    /// <summary>
    /// Transposed to scratch memory, where the outer dimension continues the next one in the source: as rows of both.
    /// </summary>
    JoinedSource,

    /// <summary>
    /// Transposed from scratch memory, where the outer dimension continues the inner one in the target: as rows of both.
    /// </summary>
    JoinedTarget,
}
