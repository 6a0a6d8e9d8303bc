using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>simdconv_execution.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeExecution
{
    public nuint StructSize;
    public int MaxThreads;
    public int Tier;
    public delegate* unmanaged<void*, int, delegate* unmanaged<void*, int, void>, void*, void> Run;
    public void* RunContext;

    public static Execution Read(void* execution)
    {
        if (execution == null)
            return default;
        NativeExecution read = Arguments.Descriptor(execution, new NativeExecution { Tier = -1 },
            sizeof(nuint) + (2 * sizeof(int)), nameof(execution));
        return new(read.MaxThreads, read.Run == null ? null : new NativeRunner(read.Run, read.RunContext),
            ReadTier(read.Tier, "execution.tier"));
    }

    /// <summary>simdconv_tier; null for the best one.</summary>
    public static SimdTier? ReadTier(int tier, string argument) => tier switch
    {
        -1 => null,
        _ when Enum.IsDefined((SimdTier)tier) => (SimdTier)tier,
        _ => throw Arguments.Error(argument, tier, "a simdconv_tier"),
    };
}
