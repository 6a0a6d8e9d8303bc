using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>
/// Making a plan and its first call, of kernels, strides and windows of 10^2 to 10^6 elements: the times of a row are to grow as
/// its sizes do.
/// </summary>
[MemoryDiagnoser]
public class SetUpBenchmark
{
    private Conv2DShape shape = null!;
    private NativeArray<float> x = null!, y = null!, w = null!, columns = null!;

    /// <summary>Which part of the geometry is as large as <see cref="Size"/>.</summary>
    public enum Geometry
    {
        /// <summary>A kernel as long as its stride, over two windows.</summary>
        KernelAndStride,

        /// <summary>A stride with a kernel of 3.</summary>
        Stride,

        /// <summary>A kernel as long as the image.</summary>
        Kernel,

        /// <summary>Dilation and padding of 8 pixels.</summary>
        DilationAndPadding,

        /// <summary>Windows of 3.</summary>
        Windows,
    }

    [ParamsAllValues]
    public Geometry Large { get; set; }

    [Params(100, 1_000, 10_000, 100_000, 1_000_000)]
    public int Size { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        shape = Large switch
        {
            Geometry.KernelAndStride => Conv2DShape.Conv1D(1, 2 * Size, 4, Size, Size),
            Geometry.Stride => Conv2DShape.Conv1D(1, 2 * Size, 4, 3, Size),
            Geometry.Kernel => Conv2DShape.Conv1D(1, Size, 4, Size),
            Geometry.DilationAndPadding => Conv2DShape.Conv1D(1, 8, 4, 3, padding: Size, dilation: Size),
            _ => Conv2DShape.Conv1D(1, Size, 4, 3, padding: 1),
        };
        x = RandomData.Uniform<float>((long)shape.C * shape.H * shape.W, 1);
        y = RandomData.Uniform<float>((long)shape.K * shape.P * shape.Q, 2);
        w = RandomData.Uniform<float>(shape.WeightCount, 3);
        columns = new NativeArray<float>((long)shape.Taps * shape.P * shape.Q);
    }

    [Benchmark]
    public void Forward() => new Conv2DPlan<float>(shape).Forward(1, x, w, y);

    [Benchmark]
    public void InputGradient() => new Conv2DPlan<float>(shape).InputGradient(1, y, w, x);

    [Benchmark]
    public void WeightGradient() => new Conv2DPlan<float>(shape).WeightGradient(1, x, y, w);

    [Benchmark]
    public void Columns()
    {
        IndexTable table = new(shape);
        Im2Col.Unfold<float>(table, 1, x, columns, ColumnLayout.PerImage(table));
        Col2Im.Fold<float>(table, 1, columns, ColumnLayout.PerImage(table), x);
    }
}
