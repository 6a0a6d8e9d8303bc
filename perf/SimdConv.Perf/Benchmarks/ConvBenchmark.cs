using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>Each direction of a convolution, of the shapes in Shapes/lenet5.txt and resnet50.txt.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class ConvBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private ConvOperands<T> operands = null!;
    private Conv2DPlan<T> plan = null!;
    private PackedFilter<T> filter = null!;
    private NativeArray<T> y = null!, dx = null!, dw = null!, db = null!;

    public static IEnumerable<object> Shapes =>
        ShapeFiles.Convs(ShapeFiles.BuiltIn("lenet5")).Concat(ShapeFiles.Convs(ShapeFiles.BuiltIn("resnet50")));

    [ParamsSource(nameof(Shapes))]
    public object Shape { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        operands = new ConvOperands<T>((ConvShape)Shape);
        plan = new Conv2DPlan<T>(operands.Shape);
        filter = plan.Pack(operands.W, FilterUse.Both);
        (y, dx) = (operands.NewY(), operands.NewX());
        (dw, db) = (new NativeArray<T>(operands.Shape.WeightCount), new NativeArray<T>(operands.Shape.K));
    }

    [Benchmark]
    public void Forward() => plan.Forward(operands.Batch, operands.X, filter, y, new Epilogue<T> { Bias = operands.Bias });

    [Benchmark]
    public void InputGradient() => plan.InputGradient(operands.Batch, operands.Dy, filter, dx);

    [Benchmark]
    public void WeightGradient() => plan.WeightGradient(operands.Batch, operands.X, operands.Dy, dw, db);
}
