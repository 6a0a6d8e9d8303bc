using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Packing;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>Copying one panel for the tile of two registers, from rows or from columns of a matrix of 1000 x 1000.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public unsafe class PackingBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Kc = 256, Size = 1000;

    private readonly KernelCalls<T> calls = KernelCalls<T>.For(SimdSupport.Best, vectors: 2);
    private NativeArray<T> matrix = null!, panel = null!;

    [Params(false, true)]
    public bool Transposed { get; set; }

    private StridedMatrix<T> Matrix =>
        new() { Data = matrix.Pointer, RowStride = Transposed ? 1 : Size, ColumnStride = Transposed ? Size : 1 };

    [GlobalSetup]
    public void SetUp()
    {
        matrix = RandomData.Uniform<T>((long)Size * Size, 1);
        panel = new NativeArray<T>((long)Math.Max(calls.MR, calls.NR) * Kc);
    }

    [Benchmark]
    public void PackA() => calls.PackA(Matrix, Kc, panel.Pointer);

    [Benchmark]
    public void PackB() => calls.PackB(Matrix, Kc, panel.Pointer);
}
