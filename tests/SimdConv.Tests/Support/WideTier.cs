using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SimdConv.Simd;

namespace SimdConv.Tests.Support;

/// <summary>
/// A tier of these tests alone, with the register count, widths, halves and fused arithmetic of the AVX-512 tier, in portable C#:
/// so all of that tier but its lanes is tested on CPUs that lack AVX-512 too.
/// </summary>
internal sealed class WideTier : Tier
{
    /// <summary>The number behind those that users know.</summary>
    public static readonly SimdTier Number = (SimdTier)Enum.GetValues<SimdTier>().Length;

    public override SimdTier Id => Number;

    public override string Name => "wide";

    public override CpuFamily Family => CpuFamily.Any;

    public override bool Fuses => true;

    public override bool IsSupported => Cpu.Fuses;

    public override bool IsInHardware => false;

    public override bool IsForTests => true;

    public override TResult Use<T, TUser, TResult>(TUser user) => user.Use<WideLanes<T>, WideHalfLanes<T>>();

    /// <summary>
    /// How many of a property's cases the tier takes: all where the CPU has registers of 512 bits, else a fifth, as software
    /// takes some five times as long.
    /// </summary>
    public static int Cases(int count) => Vector512.IsHardwareAccelerated || Effort.IsLong ? count : (count + 4) / 5;

    /// <summary>Before anything else of this assembly, and so before the library's first call.</summary>
    [ModuleInitializer]
    internal static void Offer() => AppContext.SetData(TierTable.TestTier, new WideTier());
}
