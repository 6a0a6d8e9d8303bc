using System.Runtime.CompilerServices;

namespace SimdConv.Tests.Support;

/// <summary>Every tier, for theories. A tier that this CPU or process lacks is reported as skipped, never as passed.</summary>
public static class Tiers
{
    public static TheoryData<SimdTier> All => [SimdTier.Scalar, SimdTier.VectorT, SimdTier.Avx2, SimdTier.Avx512];

    /// <summary>Skips a test that needs a tier which the process lacks. The test is not one that each tier has to have.</summary>
    public static void RequireAvailable(SimdTier tier) =>
        Skip.IfNot(SimdSupport.IsAvailable(tier),
            $"{tier} is not available in this process; it has {string.Join(", ", SimdSupport.Available)}");

    /// <summary>Skips a test whose tier the process lacks, and counts it for the tier where the process has it.</summary>
    public static void Require(SimdTier tier, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        RequireAvailable(tier);
        PropertyCounts.Add(PropertyCounts.Name(file, test) + PropertyCounts.Tests, tier, 1);
    }

    public static void RequireFused(SimdTier tier, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        if (SimdSupport.IsAvailable(tier))
            Skip.IfNot(SimdSupport.Fuses(tier), $"{tier} has no fused multiply-add in this process");
        Require(tier, test, file);
    }

    public static Execution Run(this SimdTier tier, int threads = 1) => new(threads, null, tier);
}
