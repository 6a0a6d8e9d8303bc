using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>What an x86 CPU and the operating system offer, whatever this process was compiled for.</summary>
internal static class X86Cpu
{
    // CPUID, Intel's Software Developer's Manual, volume 2A; leaf 13 tells the sizes of the registers that the system saves.
    private const int Features = 1, MoreFeatures = 7, SavedState = 13, HighRegisters = 7;

    private const int Fma = 1 << 12, OsSavesState = 1 << 27, Avx = 1 << 28;

    private const int Avx2 = 1 << 5, Avx512FDqCdBwVl = (1 << 16) | (1 << 17) | (1 << 28) | (1 << 30) | (1 << 31);

    /// <summary>Bytes of what is saved where AVX's registers are the last of it.</summary>
    private const int StateWithAvx = 576 + 256;

    public static readonly CpuFamily Family =
        new("x86", RuntimeInformation.ProcessArchitecture is Architecture.X86 or Architecture.X64);

    /// <summary>AVX2 and FMA.</summary>
    public static bool HasAvx2
    {
        get
        {
            if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < SavedState)
                return false;
            const int Needed = Fma | OsSavesState | Avx;
            return (X86Base.CpuId(Features, 0).Ecx & Needed) == Needed && (X86Base.CpuId(MoreFeatures, 0).Ebx & Avx2) != 0
                && X86Base.CpuId(SavedState, 0).Ebx >= StateWithAvx;
        }
    }

    /// <summary>AVX-512 F, BW, CD, DQ and VL.</summary>
    public static bool HasAvx512
    {
        get
        {
            if (!HasAvx2)
                return false;
            (int size, int offset, _, _) = X86Base.CpuId(SavedState, HighRegisters);

            // Where the runtime has AVX-512 and yet prefers 256 bits, it knows that this CPU slows down.
            bool isPreferred = Vector512.IsHardwareAccelerated || !Avx512F.IsSupported;
            return (X86Base.CpuId(MoreFeatures, 0).Ebx & Avx512FDqCdBwVl) == Avx512FDqCdBwVl && size > 0
                && X86Base.CpuId(SavedState, 0).Ebx >= offset + size && isPreferred;
        }
    }

    /// <summary>The caches of a core, as CPUID tells them.</summary>
    public static List<CpuCache> ReadCaches()
    {
        List<CpuCache> caches = [];
        if (!X86Base.IsSupported)
            return caches;

        // Intel's leaf 4 and AMD's 0x8000001D have one layout; each is empty on the other's processors.
        foreach (int leaf in (ReadOnlySpan<int>)[4, unchecked((int)0x8000001D)])
        {
            if (caches.Count > 0 || unchecked((uint)X86Base.CpuId(leaf & int.MinValue, 0).Eax < (uint)leaf))
                continue;
            for (int index = 0; index < 8; index++)
            {
                (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, index);
                int type = eax & 31;
                if (type == 0)
                    break;
                long line = (ebx & 0xFFF) + 1, partitions = ((ebx >> 12) & 0x3FF) + 1, ways = (ebx >>> 22) + 1;
                long sets = unchecked((uint)ecx) + 1L;
                CpuCacheKind kind = type switch
                {
                    1 => CpuCacheKind.Data,
                    2 => CpuCacheKind.Instruction,
                    _ => CpuCacheKind.Unified,
                };
                caches.Add(new((eax >> 5) & 7, kind, line * partitions * ways * sets));
            }
        }

        return caches;
    }
}
