using System.Diagnostics;
using SimdConv.Kernels;

namespace SimdConv;

/// <summary>Which <see cref="SimdTier"/>s this process can run, and which it uses when a call names none.</summary>
/// <remarks>
/// The environment variable <c>SIMDCONV_TIER</c> (<c>scalar</c>, <c>vectort</c>, <c>avx2</c>, <c>avx512</c> or
/// <c>neon</c>) narrows the choice for the whole process: tiers above it are not available. It can't add what the CPU lacks.
/// </remarks>
public static class SimdSupport
{
    /// <summary>The name of the environment variable that narrows the tiers of a process.</summary>
    public const string EnvironmentVariable = "SIMDCONV_TIER";

    private static readonly TierChoice Choice = new(TierTable.Rows, Environment.GetEnvironmentVariable(EnvironmentVariable));

    // Asked for in every call that names a tier.
    private static readonly bool[] Supported = FindSupported();

    // A call of a few nanoseconds asks for it. -1 where the environment variable is wrong, which every use then says.
    private static readonly int Fastest = Choice.Best is { } best ? (int)best.Id : -1;

    // After all that it may be asked for: the first use of the library is where a host's listeners meet it.
    private static readonly bool IsWatched = Telemetry.Start();

    /// <summary>The fastest available tier: the one used where <see cref="Execution.Tier"/> is null.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name, or names one of
    /// other CPUs.</exception>
    public static SimdTier Best
    {
        // A constant by the time that it counts.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Fastest >= 0 ? (SimdTier)Fastest : throw Choice.Wrong();
    }

    /// <summary>Every available tier, slowest first.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name, or names one of
    /// other CPUs.</exception>
    public static IReadOnlyList<SimdTier> Available =>
        Fastest >= 0 ? Array.ConvertAll(Choice.Available, row => row.Id) : throw Choice.Wrong();

    /// <summary>The fastest tier that the CPU and the operating system offer to a program that is compiled for them.</summary>
    public static SimdTier Hardware => TierTable.Hardware.Id;

    /// <summary>
    /// The caches of a core, from which block sizes follow, as CPUID tells them on x86 and Linux on Arm; empty where neither
    /// does. Results never depend on them.
    /// </summary>
    public static IReadOnlyList<CpuCache> Caches => Cpu.Caches;

    /// <summary>
    /// Why <see cref="Best"/> is below <see cref="Hardware"/>, and the remedy, in a sentence for a log; null where it isn't.
    /// </summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name, or names one of
    /// other CPUs.</exception>
    public static string? Shortfall
    {
        get
        {
            string start = $"SimdConv runs {Best} code on a CPU with {Hardware}: ";
            int hardware = TierTable.Rank(TierTable.Hardware);
            if (TierTable.Rank(Choice.Best!) >= hardware)
                return null;
            if (Choice.Limit is { } limit && TierTable.Rank(limit) < hardware)
                return start + $"the environment variable {EnvironmentVariable} says so.";
            start += "this program was compiled, or its runtime configured, for a lesser CPU.";
            return TierTable.Hardware.InstructionSet is { } set
                ? $"{start} A program that is compiled ahead of time is published with IlcInstructionSet set to {set}."
                : start;
        }
    }

    /// <summary>Whether <paramref name="tier"/> runs on this CPU and is not excluded by <c>SIMDCONV_TIER</c>.</summary>
    /// <exception cref="InvalidOperationException"><c>SIMDCONV_TIER</c> holds something that is no tier's name, or names one of
    /// other CPUs.</exception>
    public static bool IsAvailable(SimdTier tier)
    {
        if (Fastest < 0)
            throw Choice.Wrong();
        return unchecked((uint)tier) < (uint)Supported.Length && Supported[(int)tier];
    }

    /// <summary>
    /// The most that one core does in a tier's registers, in GFLOP/s: multiply-adds on independent chains, each counted as two
    /// operations, for some tens of milliseconds. What a kernel reaches is a share of it.
    /// </summary>
    /// <typeparam name="T">float or double.</typeparam>
    /// <param name="tier">The tier.</param>
    /// <exception cref="ArgumentException">The tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static double MeasureFmaPeak<T>(SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int rounds = 500_000, trials = 12;
        ArgumentErrors.RequireElementType<T>();
        new Execution(1, null, tier).Validate();
        double best = 0, flops = MultiplyAddChains.Flops<T>(tier, rounds);
        for (int trial = 0; trial < trials; trial++)
        {
            long start = Stopwatch.GetTimestamp();
            MultiplyAddChains.Run<T>(tier, rounds);
            best = Math.Max(best, flops / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        return best;
    }

    /// <summary>
    /// Whether <paramref name="tier"/> rounds once for a multiply and an add. All tiers that fuse give the same bits.
    /// </summary>
    public static bool Fuses(SimdTier tier) => TierTable.Find(tier)?.Fuses ?? false;

    internal static SimdTier Resolve(SimdTier? requested)
    {
        if (requested is not { } tier)
            return Best;
        if (!IsAvailable(tier))
            throw ArgumentErrors.TierNotAvailable(tier, Available);
        return tier;
    }

    private static bool[] FindSupported()
    {
        bool[] supported = new bool[TierTable.Rows.Length];
        foreach (Tier row in Choice.Available)
            supported[(int)row.Id] = true;
        return supported;
    }
}
