using System.Numerics;
using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>Products of matrices for C.</summary>
internal static unsafe class GemmExports
{
    [UnmanagedCallersOnly(EntryPoint = "simdconv_gemm")]
    public static int Multiply(
        int type, int transposeA, int transposeB, long m, long n, long k, double alpha, void* a, long lda, void* b, long ldb,
        double beta, void* c, long ldc, void* epilogue, void* execution)
    {
        try
        {
            GemmEpilogueDescriptor read = epilogue == null
                ? default
                : Arguments.Descriptor(epilogue, default(GemmEpilogueDescriptor), sizeof(GemmEpilogueDescriptor),
                    nameof(epilogue));
            return Precision.IsDouble(type, nameof(type))
                ? Multiply(transposeA, transposeB, m, n, k, alpha, (double*)a, lda, (double*)b, ldb, beta, (double*)c, ldc,
                    read.Read<double>(m, n), execution)
                : Multiply(transposeA, transposeB, m, n, k, (float)alpha, (float*)a, lda, (float*)b, ldb, (float)beta, (float*)c,
                    ldc, read.Read<float>(m, n), execution);
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_gemm_f32")]
    public static int GemmF32(
        int transposeA, int transposeB, long m, long n, long k, float alpha, float* a, long lda, float* b, long ldb,
        float beta, float* c, long ldc, void* execution) =>
        Multiply(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, default, execution);

    [UnmanagedCallersOnly(EntryPoint = "simdconv_gemm_f64")]
    public static int GemmF64(
        int transposeA, int transposeB, long m, long n, long k, double alpha, double* a, long lda, double* b, long ldb,
        double beta, double* c, long ldc, void* execution) =>
        Multiply(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, default, execution);

    private static int Multiply<T>(
        int transposeA, int transposeB, long m, long n, long k, T alpha, T* a, long lda, T* b, long ldb,
        T beta, T* c, long ldc, GemmEpilogue<T> epilogue, void* execution)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            bool ta = Arguments.Flag(transposeA, "transpose_a"), tb = Arguments.Flag(transposeB, "transpose_b");
            Gemm.Multiply(ta ? Transpose.Yes : Transpose.No, tb ? Transpose.Yes : Transpose.No, Arguments.Int(m),
                Arguments.Int(n), Arguments.Int(k),
                alpha, Arguments.Matrix<T>(a, ta ? k : m, ta ? m : k, lda), Arguments.Int(lda),
                Arguments.Matrix<T>(b, tb ? n : k, tb ? k : n, ldb), Arguments.Int(ldb),
                beta, Arguments.Matrix<T>(c, m, n, ldc), Arguments.Int(ldc), NativeExecution.Read(execution), epilogue);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }
}
