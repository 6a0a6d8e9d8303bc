using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>Pooling in both directions, of all shapes with a kind in Shapes.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class PoolBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private PoolOperands<T> operands = null!;
    private Pool2DPlan<T> plan = null!;
    private NativeArray<T> y = null!, dx = null!;
    private NativeArray<byte> winners = null!;

    public static IEnumerable<object> Shapes => ShapeFiles.Pools(files: null);

    [ParamsSource(nameof(Shapes))]
    public object Shape { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        operands = new PoolOperands<T>((PoolShape)Shape);
        plan = new Pool2DPlan<T>(operands.Shape, operands.Kind);
        (y, dx) = (operands.NewY(), operands.NewX());
        winners = new NativeArray<byte>(operands.Kind == PoolKind.Max ? plan.WinnerBytes(operands.Batch) : 0);
        if (operands.Kind == PoolKind.Max)
            plan.Forward(operands.Batch, operands.X, y, winners);
    }

    [Benchmark]
    public void Forward() => plan.Forward(operands.Batch, operands.X, y);

    [Benchmark]
    public void Backward()
    {
        if (operands.Kind == PoolKind.Max)
            plan.Backward(operands.Batch, operands.Dy, winners, dx);
        else
            plan.Backward(operands.Batch, operands.Dy, dx);
    }
}
