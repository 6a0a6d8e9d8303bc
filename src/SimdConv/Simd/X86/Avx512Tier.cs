using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>AVX-512 F, BW, CD, DQ and VL, 512 bits, 32 registers; halves of 256 bits, which have 32 registers as well.</summary>
internal sealed class Avx512Tier : Tier
{
    [FeatureSwitchDefinition("SimdConv.Avx512")]
    private static bool IsOn => IsSwitchedOn("SimdConv.Avx512");

    public override SimdTier Id => SimdTier.Avx512;

    public override CpuFamily Family => X86Cpu.Family;

    public override bool Fuses => true;

    // One rule for the whole library: 512-bit code only where the runtime also finds it worth while.
    public override bool IsSupported => IsOn && Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.VL.IsSupported
        && Avx512DQ.VL.IsSupported && Avx512F.VL.IsSupported;

    public override bool IsInHardware => X86Cpu.HasAvx512;

    public override string RuntimeSwitch => "DOTNET_EnableAVX512";

    public override string InstructionSet => "x86-64-v4";

    public override TResult Use<T, TUser, TResult>(TUser user) =>
        X86Base.IsSupported && IsOn ? user.Use<Avx512Lanes<T>, Avx2Lanes<T, Evex>>() : throw NotCompiledIn();
}
