using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>What CPUs of all families have in a form of their own, beside lanes.</summary>
internal static class Cpu
{
    /// <summary>Whether the runtime fuses multiply-adds of portable code into one instruction.</summary>
    public static bool Fuses => Fma.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>
    /// Lets no later store pass those that went past the caches, as x86's may. Arm's (stnp) are ordered like its other stores, by
    /// the barriers with which results are handed to another thread.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFence()
    {
        if (Sse.IsSupported)
            Sse.StoreFence();
    }

    /// <summary>The caches of a core, read once; none where neither the CPU nor the system tells.</summary>
    public static IReadOnlyList<CpuCache> Caches { get; } =
        ArmCpu.Family.IsThisCpu ? ArmCpu.ReadCaches() : X86Cpu.ReadCaches();

    /// <summary>Bytes of the data cache of a level; 0 where nothing is known of it.</summary>
    public static long CacheBytes(int level)
    {
        foreach (CpuCache cache in Caches)
        {
            if (cache.Level == level && cache.Kind != CpuCacheKind.Instruction)
                return cache.Bytes;
        }

        return !ArmCpu.Family.IsThisCpu ? 0 : level switch { 1 => ArmCpu.LeastL1, 2 => ArmCpu.LeastL2, _ => 0 };
    }
}
