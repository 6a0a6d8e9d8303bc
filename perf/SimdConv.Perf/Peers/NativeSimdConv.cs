using System.Numerics;
using System.Runtime.InteropServices;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>
/// SimdConv itself as C programs have it: the library of src/SimdConv.Native, which SIMDCONV_LIBRARY names or the system finds.
/// </summary>
internal static unsafe class NativeSimdConv
{
    // Sizes of the structs of simdconv.h; their fields are all of 8 bytes, but for pairs of ints.
    private const int ConvFields = 25, EpilogueFields = 6, ExecutionFields = 4;

    private static nint library;

    public static bool TryLoad(int _, out string said)
    {
        string name = Environment.GetEnvironmentVariable("SIMDCONV_LIBRARY") is { Length: > 0 } path ? path : "libsimdconv.so.1";
        if (!NativeLibrary.TryLoad(name, out library))
        {
            said = $"{name} can't be loaded; SIMDCONV_LIBRARY names it";
            return false;
        }

        var version = (delegate* unmanaged<byte*>)Export("version");
        var tier = (delegate* unmanaged<int>)Export("tier_best");
        said = $"{Marshal.PtrToStringUTF8((nint)version())} ({(SimdTier)tier()})";
        return true;
    }

    public static Contestant Gemm<T>(GemmOperands<T> operands, int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        GemmShape s = operands.Shape;
        NativeArray<T> c = operands.NewC();
        NativeArray<long> execution = Execution(threads);
        int transA = s.TransA ? 1 : 0, transB = s.TransB ? 1 : 0;

        // Without the transition to preemptive mode, as OpenBLAS: the call is to cost what it costs a C program.
        var single = (delegate* unmanaged[SuppressGCTransition]<int, int, long, long, long, float, float*, long, float*, long,
            float, float*, long, void*, int>)Export("gemm_f32");
        var twice = (delegate* unmanaged[SuppressGCTransition]<int, int, long, long, long, double, double*, long, double*, long,
            double, double*, long, void*, int>)Export("gemm_f64");
        void Single() =>
            single(transA, transB, s.M, s.N, s.K, 1, (float*)operands.A.Pointer, s.Lda, (float*)operands.B.Pointer, s.Ldb, 0,
                (float*)c.Pointer, s.N, execution.Pointer);
        void Double() =>
            twice(transA, transB, s.M, s.N, s.K, 1, (double*)operands.A.Pointer, s.Lda, (double*)operands.B.Pointer, s.Ldb, 0,
                (double*)c.Pointer, s.N, execution.Pointer);
        return new CallContestant(PeerSet.Native, typeof(T) == typeof(float) ? Single : Double, c);
    }

    /// <summary>A forward pass, its weights packed ahead or as they are.</summary>
    public static Contestant Conv<T>(ConvOperands<T> operands, int threads, bool isPacked)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape s = operands.Shape;
        NativeArray<T> y = operands.NewY();
        NativeArray<long> execution = Execution(threads);
        long type = typeof(T) == typeof(float) ? 0 : 1;
        NativeArray<long> descriptor = new([ConvFields * sizeof(long), type, s.C, s.H, s.W, s.K, s.R, s.S, s.StrideH, s.StrideW,
            s.PadTop, s.PadLeft, s.PadBottom, s.PadRight, s.DilationH, s.DilationW, s.Groups, .. new long[ConvFields - 17]]);
        NativeArray<long> epilogue =
            new([EpilogueFields * sizeof(long), (long)operands.Bias.Pointer, 0, 0, BitConverter.DoubleToInt64Bits(1), 0]);
        NativeArray<nint> handles = new(2);
        Require(((delegate* unmanaged<void*, nint*, int>)Export("conv2d_create"))(descriptor.Pointer, handles.Pointer));
        if (isPacked)
            Require(((delegate* unmanaged<nint, void*, int, int, nint*, int>)Export("conv2d_pack"))(handles.Span[0],
                operands.W.Pointer, (int)FilterUse.Forward, -1, handles.Pointer + 1));
        (nint plan, nint filter) = (handles.Span[0], handles.Span[1]);
        var forward = (delegate* unmanaged[SuppressGCTransition]<nint, long, void*, nint, void*, void*, void*, void*,
            int>)Export("conv2d_forward");
        void* weights = isPacked ? null : operands.W.Pointer;
        return new CallContestant(PeerSet.Native,
            () => forward(
                plan, operands.Batch, operands.X.Pointer, filter, weights, y.Pointer, epilogue.Pointer, execution.Pointer), y);
    }

    private static NativeArray<long> Execution(int threads) =>
        new([ExecutionFields * sizeof(long), (uint)threads | (-1L << 32), 0, 0]);

    private static nint Export(string name) => NativeLibrary.GetExport(library, "simdconv_" + name);

    private static void Require(int status)
    {
        if (status != 0)
            throw new InvalidOperationException($"libsimdconv gave status {status}.");
    }
}
