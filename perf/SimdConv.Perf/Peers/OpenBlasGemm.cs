using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

internal sealed unsafe class OpenBlasGemm<T>(GemmOperands<T> operands) : Contestant("openblas")
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeArray<T> c = operands.NewC();

    public override IReadOnlyList<double[]> Results() => [RandomData.ToDoubles<T>(c)];

    public override void Dispose() => c.Dispose();

    protected override void Call()
    {
        GemmShape s = operands.Shape;
        int transA = s.TransA ? OpenBlasPeer.Transposed : OpenBlasPeer.NoTranspose;
        int transB = s.TransB ? OpenBlasPeer.Transposed : OpenBlasPeer.NoTranspose;
        if (typeof(T) == typeof(float))
        {
            OpenBlasPeer.cblas_sgemm(OpenBlasPeer.RowMajor, transA, transB, s.M, s.N, s.K, 1, (float*)operands.A.Pointer, s.Lda,
                (float*)operands.B.Pointer, s.Ldb, 0, (float*)c.Pointer, s.N);
        }
        else
        {
            OpenBlasPeer.cblas_dgemm(OpenBlasPeer.RowMajor, transA, transB, s.M, s.N, s.K, 1, (double*)operands.A.Pointer, s.Lda,
                (double*)operands.B.Pointer, s.Ldb, 0, (double*)c.Pointer, s.N);
        }
    }
}
