using SimdConv.Loops;

namespace SimdConv;

/// <summary>A GEMM tile of one tier and the block sizes of the loops around it, derived from this machine's caches.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="ElementType">float or double.</param>
/// <param name="MR">The most rows of a tile.</param>
/// <param name="NR">The columns of a tile.</param>
/// <param name="MC">Rows of a packed block of A.</param>
/// <param name="KC">Terms of a packed block.</param>
/// <param name="NC">Columns of a packed block of B.</param>
public readonly record struct KernelInfo(SimdTier Tier, Type ElementType, int MR, int NR, int MC, int KC, int NC)
{
    /// <summary>
    /// The tiles of every available tier: for each element type the one of most products, then the one of few rows.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name.</exception>
    public static IReadOnlyList<KernelInfo> All
    {
        get
        {
            List<KernelInfo> all = [];
            foreach (SimdTier tier in SimdSupport.Available)
            {
                all.AddRange(TierLoops<float>.For(tier).Kernels);
                all.AddRange(TierLoops<double>.For(tier).Kernels);
            }

            return all;
        }
    }
}
