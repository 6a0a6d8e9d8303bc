using System.Numerics;
using SimdConv.Cli.Networks;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>
/// A convolution with its batch, and the line that it was read from; a network's first layer may need no input gradient.
/// </summary>
internal sealed record ConvShape(string Network, string Text, int Batch, Conv2DShape Shape, bool NeedsInputGradient) : IWork
{
    /// <summary>How SimdConv computes it.</summary>
    public ConvAlgorithm Algorithm { get; init; }

    /// <summary>The line, and the algorithm if it isn't the direct sum.</summary>
    public string Label => Algorithm == ConvAlgorithm.Direct ? Text : $"{Text},{WinogradChoice.NameOf(Algorithm, Shape)}";

    /// <summary>The same by Winograd's algorithm, if that is asked for and faster.</summary>
    public ConvShape By(bool winograd) => winograd ? this with { Algorithm = WinogradChoice.For(Shape) } : this;

    /// <summary>Of one direction; all directions have as many.</summary>
    public double Flops => 2.0 * Batch * Shape.K * Shape.P * Shape.Q * Shape.Taps;

    public double FlopsIn(SimdTier tier) => Flops;

    public long Outputs => (long)Batch * Shape.K * Shape.P * Shape.Q;

    public long Inputs => (long)Batch * Shape.C * Shape.H * Shape.W;

    /// <summary>Image and weights to the output.</summary>
    public Traffic TrafficOf(int size) => new((Inputs + Shape.WeightCount) * size, Outputs * size);

    /// <summary>Forward and the gradients: of the input from dy and weights, of the weights from image and dy.</summary>
    public Traffic TrainingTrafficOf(int size) => TrafficOf(size)
        + (NeedsInputGradient ? new Traffic((Outputs + Shape.WeightCount) * size, Inputs * size) : default)
        + new Traffic((Inputs + Outputs) * size, (long)Shape.WeightCount * size);

    public double TrainingFlops => (NeedsInputGradient ? 3 : 2) * Flops;

    public long ColumnElements => (long)Batch * Shape.C * Shape.R * Shape.S * Shape.P * Shape.Q;

    public override string ToString() => Text;

    public static ConvShape Parse(ShapeLine line)
    {
        int[] stride = line.Numbers("stride", 1, 1, 1), pad = line.Numbers("pad", 0, 0, 0, 0, 0),
            dilation = line.Numbers("dilation", 1, 1, 1);
        Conv2DShape shape = new(line.Number("c", 1), line.Number("h", 1), line.Number("w", 1), line.Number("k", 1),
            line.Number("r", 1), line.Number("s", 1))
        {
            StrideH = stride[0],
            StrideW = stride[1],
            PadTop = pad[0],
            PadLeft = pad[1],
            PadBottom = pad[2],
            PadRight = pad[3],
            DilationH = dilation[0],
            DilationW = dilation[1],
            Groups = line.Number("groups", 1, 1),
        };
        int batch = line.Number("n", 1);
        bool needsInputGradient = line.Flag("dx", true);
        line.RequireAllRead();
        line.Check(shape.Validate);
        return new ConvShape(line.Network, line.Text, batch, shape, needsInputGradient);
    }
}

/// <summary>The data that all participants of a row read.</summary>
internal sealed class ConvOperands<T>(ConvShape row, ImageOrder order = ImageOrder.Nchw)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public Conv2DShape Shape => row.Shape;

    public int Batch => row.Batch;

    public bool NeedsInputGradient => row.NeedsInputGradient;

    public NativeArray<T> X { get; } = RandomData.Uniform<T>(row.Inputs, 1);

    public NativeArray<T> W { get; } = RandomData.Uniform<T>(row.Shape.WeightCount, 2);

    public NativeArray<T> Bias { get; } = RandomData.Uniform<T>(row.Shape.K, 3);

    // Gradients are as large as the results: made only where they are read.
    public NativeArray<T> Dy => field ??= RandomData.Uniform<T>(row.Outputs, 4);

    public OwnImages Own { get; } = new(order, row.Batch);

    /// <summary>What SimdConv reads: the same values in its own layout.</summary>
    public NativeArray<T> OwnX => field ??= Own.From(X);

    public NativeArray<T> OwnDy => field ??= Own.From(Dy);

    public Conv2DPlan<T> NewPlan() => new(Shape,
        Own.LayoutOf(Shape.C, Shape.H, Shape.W), Own.LayoutOf(Shape.K, Shape.P, Shape.Q), row.Algorithm);

    public NativeArray<T> NewY() => new(row.Outputs);

    public NativeArray<T> NewX() => new(row.Inputs);
}
