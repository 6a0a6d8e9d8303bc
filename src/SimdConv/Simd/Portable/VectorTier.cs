using System.Diagnostics.CodeAnalysis;

namespace SimdConv.Simd;

/// <summary>Vector&lt;T&gt;, whatever width the runtime gives it.</summary>
internal sealed class VectorTier : Tier
{
    [FeatureSwitchDefinition("SimdConv.VectorT")]
    private static bool IsOn => IsSwitchedOn("SimdConv.VectorT");

    public override SimdTier Id => SimdTier.VectorT;

    public override CpuFamily Family => CpuFamily.Any;

    public override bool Fuses => Cpu.Fuses;

    public override bool IsSupported => IsOn && Vector.IsHardwareAccelerated;

    public override bool IsInHardware => Vector.IsHardwareAccelerated;

    public override TResult Use<T, TUser, TResult>(TUser user) =>
        IsOn ? user.Use<VectorLanes<T>, VectorLanes<T>>() : throw NotCompiledIn();
}
