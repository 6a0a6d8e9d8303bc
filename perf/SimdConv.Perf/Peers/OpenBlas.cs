using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>OpenBLAS as the system has it.</summary>
internal static unsafe class OpenBlas
{
    private const string Library = "libopenblas.so.0";

    /// <summary>Chooses its kernels; some systems set it for all programs, to kernels that aren't the CPU's best.</summary>
    private const string CoreVariable = "OPENBLAS_CORETYPE";

    public static bool TryLoad(int threads, out string said)
    {
        try
        {
            // Its idle threads look for work for 2^28 cycles, a tenth of a second to be waited for before the next participant's
            // turn; 2^22 still are a hundred times the pause between two of its own calls. Read when the library is loaded.
            CEnvironment.SetDefault("OPENBLAS_THREAD_TIMEOUT", "22");
            openblas_set_num_threads(threads);
            // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
            string[] words =
                (Marshal.PtrToStringUTF8((nint)openblas_get_config()) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string kernels = Marshal.PtrToStringUTF8((nint)openblas_get_corename()) ?? "";
            bool isChosen = Environment.GetEnvironmentVariable(CoreVariable) is { Length: > 0 };
            said = $"{words.ElementAtOrDefault(1)} ({kernels}{(isChosen ? $" by {CoreVariable}" : "")})";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            said = e.Message.Split('\n')[0];
            return false;
        }
    }

    public static Contestant Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Cblas.Gemm(PeerSet.OpenBlas, Library, operands);

    [DllImport(Library)]
    private static extern byte* openblas_get_config();

    [DllImport(Library)]
    private static extern byte* openblas_get_corename();

    [DllImport(Library)]
    private static extern void openblas_set_num_threads(int threads);
}
