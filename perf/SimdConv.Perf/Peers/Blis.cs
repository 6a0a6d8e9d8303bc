using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>BLIS as the system has it, by the interface of CBLAS.</summary>
internal static unsafe class Blis
{
    private const string Library = "libblis.so.4";

    /// <summary>The version whose numbers of architectures are those below.</summary>
    private const string KnownVersion = "0.9.0";
    private const string CpuInfo = "/proc/cpuinfo";
    private const string Skx = "0", Haswell = "3";

    /// <summary>
    /// Whether it would take kernels in plain C: it knows AMD's CPUs by their models, and none that has AVX-512.
    /// </summary>
    private static bool IsUnknownCpu => File.Exists(CpuInfo)
        && File.ReadLines(CpuInfo).TakeWhile(line => line.Length > 0).ToArray() is var lines
        && lines.Any(line => line.EndsWith("AuthenticAMD", StringComparison.Ordinal))
        && lines.Any(line => line.Contains(" avx512f", StringComparison.Ordinal));

    public static bool TryLoad(int threads, out string said)
    {
        try
        {
            string version = Marshal.PtrToStringUTF8((nint)bli_info_get_version_str()) ?? "";

            if (version == KnownVersion && IsUnknownCpu)
                CEnvironment.SetDefault("BLIS_ARCH_TYPE", SimdSupport.IsAvailable(SimdTier.Avx512) ? Skx : Haswell);
            bli_init();
            string kernels = Marshal.PtrToStringUTF8((nint)bli_arch_string(bli_arch_query_id())) ?? "";
            said = $"{version} ({kernels})";
            if (threads > 1 && bli_info_get_enable_threading() == 0)
            {
                said = $"{Library} is built for one thread; expected libblis4-pthread for {threads} threads.";
                return false;
            }

            bli_thread_set_num_threads(threads);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            said = e.Message.Split('\n')[0];
            return false;
        }
    }

    public static Contestant Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Cblas.Gemm(PeerSet.Blis, Library, operands);

    [DllImport(Library)]
    private static extern byte* bli_info_get_version_str();

    [DllImport(Library)]
    private static extern void bli_init();

    [DllImport(Library)]
    private static extern int bli_arch_query_id();

    [DllImport(Library)]
    private static extern byte* bli_arch_string(int id);

    [DllImport(Library)]
    private static extern nint bli_info_get_enable_threading();

    [DllImport(Library)]
    private static extern void bli_thread_set_num_threads(nint threads);
}
