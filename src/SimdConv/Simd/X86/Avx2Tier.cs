using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>AVX2 and FMA, 256 bits, 16 registers.</summary>
internal sealed class Avx2Tier : Tier
{
    [FeatureSwitchDefinition("SimdConv.Avx2")]
    private static bool IsOn => IsSwitchedOn("SimdConv.Avx2");

    public override SimdTier Id => SimdTier.Avx2;

    public override CpuFamily Family => X86Cpu.Family;

    public override bool Fuses => true;

    public override bool IsSupported => IsOn && Avx2.IsSupported && Fma.IsSupported;

    public override bool IsInHardware => X86Cpu.HasAvx2;

    public override string RuntimeSwitch => "DOTNET_EnableAVX2";

    public override string InstructionSet => "x86-64-v3";

    public override TResult Use<T, TUser, TResult>(TUser user) =>
        X86Base.IsSupported && IsOn ? user.Use<Avx2Lanes<T, Vex>, Avx2Lanes<T, Vex>>() : throw NotCompiledIn();
}
