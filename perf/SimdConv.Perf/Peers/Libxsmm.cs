using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>
/// libxsmm 1.17, whose kernels are compiled for one small product each. Debian has it as archives alone: LIBXSMM_LIBRARY names
/// a shared library that was linked from them, or the system finds libxsmm.so.
/// </summary>
internal static unsafe class Libxsmm
{
    /// <summary>The most multiply-adds of a product that libxsmm hands to its own kernels: LIBXSMM_CONFIG_MAX_MNK.</summary>
    private const long MostMultiplyAdds = 262_144;
    private const int TransposedB = 2;

    private static nint library;

    public static bool TryLoad(int _, out string said)
    {
        string name = Environment.GetEnvironmentVariable("LIBXSMM_LIBRARY") is { Length: > 0 } path ? path : "libxsmm.so";
        if (!NativeLibrary.TryLoad(name, out library))
        {
            said = $"{name} can't be loaded; LIBXSMM_LIBRARY names it";
            return false;
        }

        ((delegate* unmanaged<void>)NativeLibrary.GetExport(library, "libxsmm_init"))();
        byte* target = ((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "libxsmm_get_target_arch"))();
        said = $"({Marshal.PtrToStringUTF8((nint)target)})";
        return true;
    }

    /// <summary>
    /// Null for a product that its kernels are not for. They read matrices by columns: C' = B' A', where our B' is its A, which
    /// it doesn't take transposed.
    /// </summary>
    public static Contestant? Gemm<T>(GemmOperands<T> operands, int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        if (threads > 1 || s.TransB || (long)s.M * s.N * s.K > MostMultiplyAdds)
            return null;
        bool isSingle = typeof(T) == typeof(float);
        var dispatch = (delegate* unmanaged<int, int, int, int*, int*, int*, void*, void*, int*, int*, nint>)
            NativeLibrary.GetExport(library, isSingle ? "libxsmm_smmdispatch" : "libxsmm_dmmdispatch");
        int lda = s.Ldb, ldb = s.Lda, ldc = s.N, flags = s.TransA ? TransposedB : 0, noPrefetch = 0;
        T alpha = T.One, beta = T.Zero;
        nint kernel = dispatch(s.N, s.M, s.K, &lda, &ldb, &ldc, &alpha, &beta, &flags, &noPrefetch);
        if (kernel == 0)
            return null;
        NativeArray<T> c = operands.NewC();
        var multiply = (delegate* unmanaged[SuppressGCTransition]<void*, void*, void*, void>)kernel;
        return new CallContestant(PeerSet.Libxsmm,
            () => multiply(operands.B.Pointer, operands.A.Pointer, c.Pointer), c);
    }
}
