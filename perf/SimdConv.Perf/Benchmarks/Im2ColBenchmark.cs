using System.Numerics;
using BenchmarkDotNet.Attributes;
using SimdConv.Perf.Peers;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>im2col and col2im, of the convolutions with overlapping windows in Shapes/lenet5.txt and resnet50.txt.</summary>
[GenericTypeArguments(typeof(float))]
[GenericTypeArguments(typeof(double))]
public class Im2ColBenchmark<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private ConvOperands<T> operands = null!;
    private IndexTable table = null!;
    private ColumnLayout layout;
    private NativeArray<T> columns = null!, x = null!;

    // Shapes are passed as text, since their multiply-adds would be counted as work of the copies.
    public static IEnumerable<string> Shapes => ShapeFiles.Im2Cols(files: null).Select(row => row.Text);

    [ParamsSource(nameof(Shapes))]
    public string Shape { get; set; } = null!;

    [GlobalSetup]
    public void SetUp()
    {
        ConvShape row = ConvShape.Parse(new ShapeLine(Shape, "", nameof(Shape)));
        operands = new ConvOperands<T>(row);
        table = new IndexTable(operands.Shape);
        layout = ColumnLayout.PerImage(table);
        columns = RandomData.Uniform<T>(row.ColumnElements, 5);
        x = operands.NewX();
    }

    [Benchmark]
    public void Unfold() => Im2Col.Unfold<T>(table, operands.Batch, operands.X, columns, layout);

    [Benchmark]
    public void Fold() => Col2Im.Fold<T>(table, operands.Batch, columns, layout, x);
}
