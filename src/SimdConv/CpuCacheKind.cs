namespace SimdConv;

/// <summary>What a cache holds.</summary>
public enum CpuCacheKind
{
    /// <summary>Data alone.</summary>
    Data,

    /// <summary>Instructions alone.</summary>
    Instruction,

    /// <summary>Both.</summary>
    Unified,
}
