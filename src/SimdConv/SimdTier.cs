namespace SimdConv;

/// <summary>The instruction-set tiers that kernels are written for. Their numbers say nothing of their speed.</summary>
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

    /// <summary>64-bit Arm with AdvSIMD (NEON), 128 bits: every such CPU.</summary>
    Neon = 4,
}
