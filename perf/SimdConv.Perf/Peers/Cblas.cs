using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>Products of matrices by the interface that C programs have to every BLAS.</summary>
internal static unsafe class Cblas
{
    private const int RowMajor = 101, NoTranspose = 111, Transposed = 112;

    public static Contestant Gemm<T>(string peer, string library, GemmOperands<T> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        NativeArray<T> c = operands.NewC();
        int transA = s.TransA ? Transposed : NoTranspose, transB = s.TransB ? Transposed : NoTranspose;

        // Without the transition to preemptive mode: the call is to cost what it costs a C program.
        nint handle = NativeLibrary.Load(library);
        var single = (delegate* unmanaged[SuppressGCTransition]<int, int, int, int, int, int, float, float*, int, float*, int,
            float, float*, int, void>)NativeLibrary.GetExport(handle, "cblas_sgemm");
        var twice = (delegate* unmanaged[SuppressGCTransition]<int, int, int, int, int, int, double, double*, int, double*, int,
            double, double*, int, void>)NativeLibrary.GetExport(handle, "cblas_dgemm");
        void Single() => single(RowMajor, transA, transB, s.M, s.N, s.K, 1, (float*)operands.A.Pointer, s.Lda,
            (float*)operands.B.Pointer, s.Ldb, 0, (float*)c.Pointer, s.N);
        void Double() => twice(RowMajor, transA, transB, s.M, s.N, s.K, 1, (double*)operands.A.Pointer, s.Lda,
            (double*)operands.B.Pointer, s.Ldb, 0, (double*)c.Pointer, s.N);
        return new CallContestant(peer, typeof(T) == typeof(float) ? Single : Double, c);
    }
}
