namespace SimdConv;

/// <summary>The passes that a <see cref="PackedFilter{T}"/> serves.</summary>
[Flags]
public enum FilterUse
{
    /// <summary>The forward pass.</summary>
    Forward = 1,

    /// <summary>The input gradient.</summary>
    InputGradient = 2,

    /// <summary>Forward pass and input gradient.</summary>
    Both = Forward | InputGradient,
}
