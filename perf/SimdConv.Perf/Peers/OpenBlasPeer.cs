using System.Runtime.InteropServices;

namespace SimdConv.Perf.Peers;

/// <summary>OpenBLAS as the system has it.</summary>
internal static unsafe class OpenBlasPeer
{
    public const int RowMajor = 101, NoTranspose = 111, Transposed = 112;
    private const string Library = "libopenblas.so.0";

    public static bool TryLoad(int threads, out string? reason)
    {
        try
        {
            openblas_set_num_threads(threads);
            reason = null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            reason = e.Message.Split('\n')[0];
        }

        return reason is null;
    }

    // Without the transition to preemptive mode: the call is to cost what it costs a C program.
    [DllImport(Library), SuppressGCTransition]
    public static extern void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, float* a, int lda,
        float* b, int ldb, float beta, float* c, int ldc);

    [DllImport(Library), SuppressGCTransition]
    public static extern void cblas_dgemm(int order, int transA, int transB, int m, int n, int k, double alpha, double* a, int lda,
        double* b, int ldb, double beta, double* c, int ldc);

    [DllImport(Library)]
    private static extern void openblas_set_num_threads(int threads);
}
