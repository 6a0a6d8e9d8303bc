using System.Runtime.Intrinsics.X86;

namespace SimdConv.Kernels;

/// <summary>The data caches of this machine as CPUID tells them, read once. Results never depend on them.</summary>
internal static class CacheSizes
{
    // Where CPUID says nothing: what every x86-64 core of the last ten years has at least.
    private const int LeastL1 = 32 * 1024, LeastL2 = 256 * 1024, LeastL3 = 2048 * 1024;

    /// <summary>Bytes of the first level.</summary>
    public static readonly int L1 = Read(1, LeastL1);

    /// <summary>Bytes of the second level.</summary>
    public static readonly int L2 = Read(2, LeastL2);

    /// <summary>Bytes of the third level, all of it.</summary>
    public static readonly int L3 = Read(3, LeastL3);

    private static int Read(int level, int least)
    {
        if (!X86Base.IsSupported)
            return least;

        // Intel's leaf 4 and AMD's 0x8000001D have one layout; each is empty on the other's processors.
        foreach (int leaf in (ReadOnlySpan<int>)[4, unchecked((int)0x8000001D)])
        {
            if (unchecked((uint)X86Base.CpuId(leaf & int.MinValue, 0).Eax < (uint)leaf))
                continue;
            for (int index = 0; index < 8; index++)
            {
                (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, index);
                int type = eax & 31;
                if (type == 0)
                    break;
                const int Instructions = 2;
                if (type == Instructions || ((eax >> 5) & 7) != level)
                    continue;
                long line = (ebx & 0xFFF) + 1, partitions = ((ebx >> 12) & 0x3FF) + 1, ways = (ebx >>> 22) + 1, sets = unchecked((uint)ecx) + 1L;
                return (int)Math.Clamp(line * partitions * ways * sets, least, 64 << 20);
            }
        }

        return least;
    }
}
