using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace SimdConv.Simd;

/// <summary>What CPUs of all families have in a form of their own, beside lanes.</summary>
internal static class Cpu
{
    /// <summary>Whether the runtime fuses multiply-adds of portable code into one instruction.</summary>
    public static bool Fuses => Fma.IsSupported || AdvSimd.Arm64.IsSupported;

    /// <summary>
    /// Lets no later store pass those that went past the caches. Arm's stores past the caches are ordered like others, by the
    /// barriers with which results are handed to another thread.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreFence()
    {
        if (Sse.IsSupported)
            Sse.StoreFence();
    }

    /// <summary>Bytes of the data cache of a level; 0 where the CPU doesn't tell.</summary>
    public static long CacheBytes(int level) =>
        ArmCpu.Family.IsThisCpu ? ArmCpu.CacheBytes(level) : X86Cpu.CacheBytes(level);
}
