using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Simd;

namespace SimdConv.Tests.Support;

/// <summary>Every tier, for theories. A tier that this CPU or process lacks is reported as skipped, never as passed.</summary>
public static class Tiers
{
    public static IEnumerable<SimdTier> Each => TierTable.Rows.Select(row => row.Id);

    public static TheoryData<SimdTier> All => [.. Each];

    /// <summary>The tiers that users know.</summary>
    public static TheoryData<SimdTier> Public => [.. Enum.GetValues<SimdTier>()];

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

    /// <summary>Elements in a register of a tier.</summary>
    public static int Lanes<T>(this SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        TierTable.Find(tier)!.Use<T, Widths<T>, (int Whole, int Half)>(default).Whole;

    /// <summary>Whether a tier has registers of half its width.</summary>
    public static bool HasHalf(this SimdTier tier)
    {
        (int whole, int half) = TierTable.Find(tier)!.Use<float, Widths<float>, (int Whole, int Half)>(default);
        return half < whole;
    }

    private readonly struct Widths<T> : ILanesUser<T, (int Whole, int Half)>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public (int Whole, int Half) Use<TVec, THalf>()
            where TVec : unmanaged, ILanes<TVec, T>
            where THalf : unmanaged, ILanes<THalf, T> => (TVec.Count, THalf.Count);
    }
}
