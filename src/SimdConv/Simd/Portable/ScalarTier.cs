using System.Diagnostics.CodeAnalysis;

namespace SimdConv.Simd;

/// <summary>One element at a time.</summary>
internal sealed class ScalarTier : Tier
{
    [FeatureSwitchDefinition("SimdConv.Scalar")]
    private static bool IsOn => IsSwitchedOn("SimdConv.Scalar");

    public override SimdTier Id => SimdTier.Scalar;

    public override CpuFamily Family => CpuFamily.Any;

    public override bool Fuses => Cpu.Fuses;

    public override bool IsSupported => IsOn;

    public override bool IsInHardware => true;

    public override TResult Use<T, TUser, TResult>(TUser user) =>
        IsOn ? user.Use<ScalarLanes<T>, ScalarLanes<T>>() : throw NotCompiledIn();
}
