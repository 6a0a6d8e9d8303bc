namespace SimdConv.Tests.Support;

/// <summary>Every tier, for theories. A tier that this CPU or process lacks is reported as skipped, never as passed.</summary>
public static class Tiers
{
    public static TheoryData<SimdTier> All => [SimdTier.Scalar, SimdTier.VectorT, SimdTier.Avx2, SimdTier.Avx512];

    public static void Require(SimdTier tier) =>
        Skip.IfNot(SimdSupport.IsAvailable(tier), $"{tier} is not available in this process; it has {string.Join(", ", SimdSupport.Available)}");

    public static void RequireFused(SimdTier tier)
    {
        Require(tier);
        Skip.IfNot(SimdSupport.Fuses(tier), $"{tier} has no fused multiply-add in this process");
    }

    public static Execution Run(this SimdTier tier, int threads = 1) => new(threads, null, tier);
}
