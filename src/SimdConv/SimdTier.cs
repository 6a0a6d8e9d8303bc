using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SimdConv.Core;

namespace SimdConv;

/// <summary>The instruction-set tiers that kernels are written for, slowest first.</summary>
public enum SimdTier
{
    /// <summary>One element at a time: runs everywhere.</summary>
    Scalar = 0,

    /// <summary><see cref="Vector{T}"/>, whatever width the runtime gives it.</summary>
    VectorT = 1,

    /// <summary>x86-64 with AVX2 and FMA, 256 bits.</summary>
    Avx2 = 2,

    /// <summary>x86-64 with AVX-512 F, BW, CD, DQ and VL, 512 bits.</summary>
    Avx512 = 3,
}

/// <summary>Which <see cref="SimdTier"/>s this process can run, and which it uses when a call names none.</summary>
/// <remarks>
/// The environment variable <c>SIMDCONV_TIER</c> (<c>scalar</c>, <c>vectort</c>, <c>avx2</c> or <c>avx512</c>) narrows
/// the choice for the whole process: tiers above it are not available. It can't add what the CPU lacks.
/// </remarks>
public static class SimdSupport
{
    /// <summary>The name of the environment variable that narrows the tiers of a process.</summary>
    public const string EnvironmentVariable = "SIMDCONV_TIER";

    private static readonly SimdTier[] AllTiers = [SimdTier.Scalar, SimdTier.VectorT, SimdTier.Avx2, SimdTier.Avx512];

    // Asked for in every call that names a tier: found once, ahead of what is found with it.
    private static readonly bool[] Supported = Array.ConvertAll(AllTiers, IsSupported);

    private static readonly (SimdTier Limit, string? Error) Narrowing = ReadNarrowing();

    // A call of a few nanoseconds asks for it: found once. -1 where the environment variable is wrong, which every use then says.
    private static readonly int Fastest = Narrowing.Error is null ? (int)Array.FindLast(AllTiers, IsAvailable) : -1;

    // After all that it may be asked for: the first use of the library is where a host's listeners meet it.
    private static readonly bool IsWatched = Telemetry.Start();

    /// <summary>The fastest available tier: the one used where <see cref="Execution.Tier"/> is null.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name.</exception>
    public static SimdTier Best
    {
        // A constant by the time that it counts.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fastest >= 0 ? (SimdTier)Fastest : throw WrongNarrowing();
    }

    /// <summary>Every available tier, slowest first.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name.</exception>
    public static IReadOnlyList<SimdTier> Available => Array.FindAll(AllTiers, IsAvailable);

    /// <summary>The fastest tier that the CPU and the operating system offer to a program that is compiled for them.</summary>
    public static SimdTier Hardware => Core.Hardware.Tier;

    /// <summary>Why <see cref="Best"/> is below <see cref="Hardware"/>, and the remedy, in a sentence for a log; null where it isn't.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name.</exception>
    public static string? Shortfall =>
        Best >= Hardware ? null
        : Narrowing.Limit < Hardware ? $"SimdConv runs {Best} code on a CPU with {Hardware}: the environment variable {EnvironmentVariable} says so."
        : $"SimdConv runs {Best} code on a CPU with {Hardware}: this program was compiled, or its runtime configured, for a lesser CPU. "
            + $"A program that is compiled ahead of time is published with IlcInstructionSet set to x86-64-v{(Hardware == SimdTier.Avx512 ? 4 : 3)}.";

    /// <summary>Whether <paramref name="tier"/> runs on this CPU and is not excluded by <c>SIMDCONV_TIER</c>.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name.</exception>
    public static bool IsAvailable(SimdTier tier)
    {
        if (Narrowing.Error is not null)
            throw WrongNarrowing();
        return unchecked((uint)tier) < (uint)Supported.Length && tier <= Narrowing.Limit && Supported[(int)tier];
    }

    /// <summary>
    /// Whether <paramref name="tier"/> rounds once for a multiply and an add. All tiers that fuse give the same bits.
    /// </summary>
    public static bool Fuses(SimdTier tier) => tier switch
    {
        SimdTier.Avx2 or SimdTier.Avx512 => true,
        _ => Fma.IsSupported || System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported,
    };

    // A host that is trimmed or compiled ahead of time may leave a tier out by setting its switch to false.
    [FeatureSwitchDefinition("SimdConv.Scalar")]
    internal static bool HasScalar => IsCompiledIn("SimdConv.Scalar");

    [FeatureSwitchDefinition("SimdConv.VectorT")]
    internal static bool HasVectorT => IsCompiledIn("SimdConv.VectorT");

    [FeatureSwitchDefinition("SimdConv.Avx2")]
    internal static bool HasAvx2 => IsCompiledIn("SimdConv.Avx2");

    [FeatureSwitchDefinition("SimdConv.Avx512")]
    internal static bool HasAvx512 => IsCompiledIn("SimdConv.Avx512");

    internal static bool IsSupported(SimdTier tier) => tier switch
    {
        SimdTier.Scalar => HasScalar,
        SimdTier.VectorT => HasVectorT && Vector.IsHardwareAccelerated,
        SimdTier.Avx2 => HasAvx2 && Avx2.IsSupported && Fma.IsSupported,
        // One rule for the whole library: 512-bit code only where the runtime also finds it worth while.
        SimdTier.Avx512 => HasAvx512 && Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.VL.IsSupported
            && Avx512DQ.VL.IsSupported && Avx512F.VL.IsSupported,
        _ => false,
    };

    internal static SimdTier Resolve(SimdTier? requested)
    {
        if (requested is not { } tier)
            return Best;
        if (!IsAvailable(tier))
            throw ArgumentErrors.TierNotAvailable(tier, Available);
        return tier;
    }

    private static bool IsCompiledIn(string feature) => !AppContext.TryGetSwitch(feature, out bool on) || on;

    private static InvalidOperationException WrongNarrowing() => new(Narrowing.Error);

    private static (SimdTier, string?) ReadNarrowing()
    {
        string? text = Environment.GetEnvironmentVariable(EnvironmentVariable);
        int limit = string.IsNullOrEmpty(text) ? AllTiers.Length - 1 : Array.FindIndex(AllTiers, tier => text.Equals(tier.ToString(), StringComparison.OrdinalIgnoreCase));
        if (limit < 0)
            return (SimdTier.Scalar, $"The environment variable {EnvironmentVariable} is '{text}'; expected scalar, vectort, avx2 or avx512.");
        return Array.Exists(AllTiers, tier => (int)tier <= limit && IsSupported(tier))
            ? ((SimdTier)limit, null)
            : (SimdTier.Scalar, $"The environment variable {EnvironmentVariable} is '{text}', but this program was compiled without the tiers up to that; expected {string.Join(" or ", Array.FindAll(AllTiers, IsSupported))}.");
    }
}
