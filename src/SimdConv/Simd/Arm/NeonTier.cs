using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics.Arm;

namespace SimdConv.Simd;

/// <summary>AdvSIMD of 64-bit Arm, also called NEON: 128 bits, 32 registers. Every 64-bit CPU has it.</summary>
internal sealed class NeonTier : Tier
{
    [FeatureSwitchDefinition("SimdConv.Neon")]
    private static bool IsOn => IsSwitchedOn("SimdConv.Neon");

    public override SimdTier Id => SimdTier.Neon;

    public override CpuFamily Family => ArmCpu.Family;

    public override bool Fuses => true;

    public override bool IsSupported => IsOn && AdvSimd.Arm64.IsSupported;

    public override bool IsInHardware => Family.IsThisCpu;

    public override TResult Use<T, TUser, TResult>(TUser user) =>
        ArmBase.IsSupported && IsOn ? user.Use<NeonLanes<T>, NeonLanes<T>>() : throw NotCompiledIn();
}
