using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>OpenBLAS as the system has it.</summary>
internal static unsafe class OpenBlas
{
    private const string Library = "libopenblas.so.0";
    private const int RowMajor = 101, NoTranspose = 111, Transposed = 112;

    public static bool TryLoad(int threads, out string said)
    {
        try
        {
            StopSpinningEarly();
            openblas_set_num_threads(threads);
            // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
            string[] words =
                (Marshal.PtrToStringUTF8((nint)openblas_get_config()) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string kernels = Marshal.PtrToStringUTF8((nint)openblas_get_corename()) ?? "";
            said = $"{words.ElementAtOrDefault(1)} ({kernels})";
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            said = e.Message.Split('\n')[0];
            return false;
        }
    }

    /// <summary>
    /// Its idle threads look for work for 2^28 cycles, a tenth of a second to be waited for before the next participant's turn;
    /// 2^22 still are a hundred times the pause between two of its own calls. Read when the library is loaded, from the
    /// environment as C sees it, which the runtime's variables don't reach.
    /// </summary>
    private static void StopSpinningEarly()
    {
        if (OperatingSystem.IsLinux())
            _ = setenv("OPENBLAS_THREAD_TIMEOUT", "22", overwrite: 0);
    }

    [DllImport("libc")]
    private static extern int setenv(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name, [MarshalAs(UnmanagedType.LPUTF8Str)] string value, int overwrite);

    public static Contestant Gemm<T>(GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        NativeArray<T> c = operands.NewC();
        int transA = s.TransA ? Transposed : NoTranspose, transB = s.TransB ? Transposed : NoTranspose;
        void Single() => cblas_sgemm(RowMajor, transA, transB, s.M, s.N, s.K, 1, (float*)operands.A.Pointer, s.Lda,
            (float*)operands.B.Pointer, s.Ldb, 0, (float*)c.Pointer, s.N);
        void Double() => cblas_dgemm(RowMajor, transA, transB, s.M, s.N, s.K, 1, (double*)operands.A.Pointer, s.Lda,
            (double*)operands.B.Pointer, s.Ldb, 0, (double*)c.Pointer, s.N);
        return new CallContestant(PeerSet.OpenBlas, typeof(T) == typeof(float) ? Single : Double, c);
    }

    // Without the transition to preemptive mode: the call is to cost what it costs a C program.
    [DllImport(Library), SuppressGCTransition]
    private static extern void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, float* a, int lda,
        float* b, int ldb, float beta, float* c, int ldc);

    [DllImport(Library), SuppressGCTransition]
    private static extern void cblas_dgemm(
        int order, int transA, int transB, int m, int n, int k, double alpha, double* a, int lda,
        double* b, int ldb, double beta, double* c, int ldc);

    [DllImport(Library)]
    private static extern byte* openblas_get_config();

    [DllImport(Library)]
    private static extern byte* openblas_get_corename();

    [DllImport(Library)]
    private static extern void openblas_set_num_threads(int threads);
}
