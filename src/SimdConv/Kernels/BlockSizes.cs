namespace SimdConv.Kernels;

/// <summary>Block sizes of the loop nests, in elements, each beside the inequality that it satisfies.</summary>
internal static class BlockSizes
{
    /// <summary>
    /// What operands that convolutions copy may take of L2: at most 1 MB, so that workspaces stay small where it is larger.
    /// </summary>
    public static readonly int L2 = Math.Min(CacheSizes.L2, 1 << 20);

    /// <summary>KC: the broadcast micro-panel, MR x KC, takes at most three quarters of L1.</summary>
    public static int Kc(int mr, int elementSize) => CacheSizes.L1 * 3 / 4 / (mr * elementSize) / 16 * 16;

    /// <summary>
    /// KC of GEMM, whose tiles get B from L2 in any case: the micro-panel of A takes at most seven eighths of L1; and no more
    /// terms than that, since rows of B that lie a page apart share few sets of the caches until they are packed.
    /// </summary>
    public static int GemmKc(int mr, int elementSize) => Math.Min(512, CacheSizes.L1 * 7 / 8 / (mr * elementSize) / 16 * 16);

    /// <summary>
    /// NC: the block of B, KC x NC, takes at most an eighth of L2, so that what panels of A and tiles of C bring in doesn't push
    /// it out. On Zen 4 64x3136x576 gains 10 % over half of L2 with AVX2, cubes 1 to 2 %.
    /// </summary>
    public static int Nc(int kc, int nr, int elementSize) => Math.Max(1, CacheSizes.L2 / 8 / (kc * elementSize) / nr) * nr;

    /// <summary>MC: the block of A, MC x KC, stays in a core's share of L3, 4 MB.</summary>
    public static int Mc(int kc, int mr, int elementSize) => Math.Max(1, 4 * 1024 * 1024 / (kc * elementSize) / mr) * mr;
}
