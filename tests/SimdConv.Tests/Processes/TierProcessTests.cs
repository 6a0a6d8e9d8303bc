using System.Runtime.Intrinsics.X86;
using SimdConv.Simd;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// Every tier in a process in which it is the best one, by the runtime's switches and by the library's own. Each child prints and
/// asserts which tier is active: a switch whose name is dead fails here instead of testing nothing.
/// </summary>
public sealed class TierProcessTests
{
    [SkippableFact]
    public void WithoutAvx512Avx2IsActive()
    {
        Skip.IfNot(Avx2.IsSupported && Fma.IsSupported, "this CPU has no AVX2 with FMA");
        string output = Run(SimdTier.Avx2, fuses: true, ("DOTNET_EnableAVX512", "0"));
        Assert.Contains("avx512=False", output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void WithoutAvx2VectorTIsActiveAndDoesNotFuse()
    {
        Skip.IfNot(Avx2.IsSupported, "this CPU has no AVX2");
        string output = Run(SimdTier.VectorT, fuses: false, ("DOTNET_EnableAVX2", "0"));
        Assert.Contains("vector=16 avx2=False fma=False avx512=False", output, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutItsInstructionsATierIsMissing()
    {
        foreach (SimdTier tier in SimdSupport.Available)
        {
            if (TierTable.Find(tier)!.RuntimeSwitch is { } variable)
            {
                string best = ChildProcess.MustSucceed(["best"], (variable, "0")).Trim();
                Assert.Equal(SimdSupport.Available.TakeWhile(t => t != tier).Last(Enum.IsDefined).ToString(), best);
            }
        }
    }

    [SkippableFact]
    public void WithoutIntrinsicsScalarIsActive()
    {
        Skip.IfNot(Sse2.IsSupported, "not an x86 processor");
        Run(SimdTier.Scalar, fuses: false, ("DOTNET_EnableHWIntrinsic", "0"));
    }

    [SkippableFact]
    public void VectorTAt128Bits()
    {
        Skip.IfNot(Avx2.IsSupported, "this CPU has no AVX2: Vector<T> has 128 bits in every other test");
        string output = Run(SimdTier.VectorT, Fma.IsSupported,
            ("DOTNET_MaxVectorTBitWidth", "128"), (SimdSupport.EnvironmentVariable, "vectort"));
        Assert.Contains("vector=16 avx2=True", output, StringComparison.Ordinal);
    }

    /// <summary>A host that prefers 256 bits has AVX-512 instructions, but no AVX-512 tier.</summary>
    [SkippableFact]
    public void PreferringNarrowVectorsLeavesAvx2()
    {
        Tiers.RequireAvailable(SimdTier.Avx512);
        string output = Run(SimdTier.Avx2, fuses: true, ("DOTNET_PreferredVectorBitWidth", "256"));
        Assert.Contains("avx512=True", output, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void WithoutTieredCompilation()
    {
        Tiers.RequireAvailable(SimdTier.VectorT);
        Run(SimdSupport.Best, SimdSupport.Fuses(SimdSupport.Best), ("DOTNET_TieredCompilation", "0"));
    }

    [SkippableTheory, MemberData(nameof(Tiers.Public), MemberType = typeof(Tiers))]
    public void EnvironmentVariableNarrowsToATier(SimdTier tier)
    {
        Tiers.RequireAvailable(tier);
        string output = Run(tier, SimdSupport.Fuses(tier), (SimdSupport.EnvironmentVariable, tier.ToString().ToLowerInvariant()));
        Assert.Contains($"available={string.Join(',', SimdSupport.Available.TakeWhile(t => t != tier).Append(tier))} ", output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentVariableCannotAddWhatTheProcessLacks() =>
        Assert.Contains("active=Scalar",
            Run(SimdTier.Scalar, false, ("DOTNET_EnableHWIntrinsic", "0"), (SimdSupport.EnvironmentVariable, "avx512")),
            StringComparison.Ordinal);

    [Fact]
    public void UnknownTierInTheEnvironmentIsRefused()
    {
        (int exitCode, string output) = ChildProcess.Run(["best"], (SimdSupport.EnvironmentVariable, "sse9"));
        Assert.Equal(1, exitCode);
        Assert.Contains("InvalidOperationException", output, StringComparison.Ordinal);
        Assert.Contains("SIMDCONV_TIER is 'sse9'; expected scalar, ", output, StringComparison.Ordinal);
    }

    /// <summary>Runs the child, and compares the digests of its fusing tiers with the ones of this process.</summary>
    private static string Run(SimdTier best, bool fuses, params (string Name, string Value)[] environment)
    {
        string output = ChildProcess.MustSucceed(["tiers", best.ToString(), fuses.ToString()], environment);
        Assert.Contains($"active={best} fuses={fuses} ", output, StringComparison.Ordinal);
        if (fuses && SimdSupport.Fuses(SimdSupport.Best))
            Assert.Contains($"digest {best} {TierChild.Digest(SimdSupport.Best):X16}", output, StringComparison.Ordinal);
        return output;
    }
}
