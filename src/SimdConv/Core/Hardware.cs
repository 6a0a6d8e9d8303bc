using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Core;

/// <summary>What the CPU and the operating system offer, whatever this process was compiled for.</summary>
internal static class Hardware
{
    // CPUID, Intel's Software Developer's Manual, volume 2A; leaf 13 tells the sizes of the registers that the system saves.
    private const int Features = 1, MoreFeatures = 7, SavedState = 13, HighRegisters = 7;

    private const int Fma = 1 << 12, OsSavesState = 1 << 27, Avx = 1 << 28;

    private const int Avx2 = 1 << 5, Avx512FDqCdBwVl = (1 << 16) | (1 << 17) | (1 << 28) | (1 << 30) | (1 << 31);

    /// <summary>Bytes of what is saved where AVX's registers are the last of it.</summary>
    private const int StateWithAvx = 576 + 256;

    public static SimdTier Tier { get; } = Find();

    private static SimdTier Find()
    {
        SimdTier least = Vector.IsHardwareAccelerated ? SimdTier.VectorT : SimdTier.Scalar;
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < SavedState)
            return least;
        int features = X86Base.CpuId(Features, 0).Ecx, more = X86Base.CpuId(MoreFeatures, 0).Ebx;
        int saved = X86Base.CpuId(SavedState, 0).Ebx;
        const int Needed = Fma | OsSavesState | Avx;
        if ((features & Needed) != Needed || (more & Avx2) == 0 || saved < StateWithAvx)
            return least;
        (int size, int offset, _, _) = X86Base.CpuId(SavedState, HighRegisters);

        // Where the runtime has AVX-512 and yet prefers 256 bits, it knows that this CPU slows down.
        bool isPreferred = Vector512.IsHardwareAccelerated || !Avx512F.IsSupported;
        return (more & Avx512FDqCdBwVl) == Avx512FDqCdBwVl && size > 0 && saved >= offset + size && isPreferred ? SimdTier.Avx512 : SimdTier.Avx2;
    }
}
