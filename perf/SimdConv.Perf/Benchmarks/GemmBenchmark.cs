using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>Whole products, of the shapes in Shapes/gemm.txt.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class GemmBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private GemmOperands<T> operands = null!;
    private NativeArray<T> c = null!;

    public static IEnumerable<object> Shapes => ShapeFiles.Gemms(ShapeFiles.BuiltIn("gemm"));

    [ParamsSource(nameof(Shapes))]
    public object Shape { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        operands = new GemmOperands<T>((GemmShape)Shape);
        c = operands.NewC();
    }

    [Benchmark]
    public void Multiply()
    {
        GemmShape s = operands.Shape;
        Gemm.Multiply(
            operands.TransA, operands.TransB, s.M, s.N, s.K, T.One, operands.A, s.Lda, operands.B, s.Ldb, T.Zero, c, s.N);
    }
}
