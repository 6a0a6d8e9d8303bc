namespace SimdConv;

/// <summary>The order in which a weight or bias gradient is summed: a function of the shape and the batch alone.</summary>
/// <remarks>
/// Terms ascend in (n, p, q). The N*P output rows are split in <paramref name="Chunks"/> contiguous ranges, chunk i being rows
/// [i*N*P/Chunks, (i+1)*N*P/Chunks); within one, column q belongs to virtual lane q mod <paramref name="Lanes"/>. Each lane is
/// one chain of multiply-adds. Lanes are added as l and l + Lanes/2, then l and l + Lanes/4, and so on; chunks as (0 + 1) + (2 +
/// 3) and so on. Lane 0 of chunk 0 starts from beta * dw, all others from 0.
/// <para>No chain of the bias gradient has more than 4096 terms, so that long sums don't drift: a row has ceil(Q / Lanes) steps,
/// with a term of each lane at a step, and each 4096 steps of a chunk, counted from its first row, are a block. Lanes are added
/// within their block, the blocks as (0 + 1) + (2 + 3) and so on, where one without a partner goes up a level as it is, then the
/// chunks.</para>
/// <para>Plans that are asked for Winograd's algorithm sum the bias gradient so, but not that of the weights.</para>
/// </remarks>
/// <param name="Chunks">A power of two.</param>
/// <param name="Lanes">A power of two.</param>
public readonly record struct ReductionOrder(int Chunks, int Lanes)
{
    /// <summary>
    /// Whether images are innermost, as in <see cref="ImageLayout.Chwn"/>. The order is then that of a single image whose rows
    /// have the columns of all images: column q of image n is column q*N + n of P output rows.
    /// </summary>
    public bool HasImagesInnermost { get; init; }
}
