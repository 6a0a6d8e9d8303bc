using System.Numerics;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Suites;

/// <summary>A pooling with its kind and batch, and the line that it was read from.</summary>
internal sealed record PoolShape(string Network, string Text, int Batch, PoolKind Kind, Pool2DShape Shape)
{
    public long Outputs => (long)Batch * Shape.C * Shape.P * Shape.Q;

    public long Inputs => (long)Batch * Shape.C * Shape.H * Shape.W;

    public override string ToString() => Text;

    public static PoolShape Parse(ShapeLine line)
    {
        int r = line.Number("r", 1), s = line.Number("s", 1);
        int[] stride = line.Numbers("stride", 1, r, s), pad = line.Numbers("pad", 0, 0, 0, 0, 0),
            dilation = line.Numbers("dilation", 1, 1, 1);
        PoolKind kind = line.Word("kind", "max", "avg") == "max" ? PoolKind.Max : PoolKind.Average;
        Pool2DShape shape = new(line.Number("c", 1), line.Number("h", 1), line.Number("w", 1), r, s)
        {
            StrideH = stride[0],
            StrideW = stride[1],
            PadTop = pad[0],
            PadLeft = pad[1],
            PadBottom = pad[2],
            PadRight = pad[3],
            DilationH = dilation[0],
            DilationW = dilation[1],
            CeilMode = line.Flag("ceil_mode"),
            CountIncludePad = line.Flag("count_include_pad", true),
            DivisorOverride = line.Has("divisor") ? line.Number("divisor", 1) : null,
        };
        int batch = line.Number("n", 1);
        // A convolution's line may have a kind added: what pooling lacks is read and means nothing.
        line.Number("k", 1, 1);
        line.Number("groups", 1, 1);
        line.RequireAllRead();
        line.Check(() => shape.Validate(kind));
        return new PoolShape(line.Network, line.Text, batch, kind, shape);
    }
}

/// <summary>The data that all participants of a row read.</summary>
internal sealed class PoolOperands<T>(PoolShape row, ImageOrder order = ImageOrder.Nchw)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public Pool2DShape Shape => row.Shape;

    public PoolKind Kind => row.Kind;

    public int Batch => row.Batch;

    public NativeArray<T> X { get; } = RandomData.Uniform<T>(row.Inputs, 1);

    public NativeArray<T> Dy => field ??= RandomData.Uniform<T>(row.Outputs, 2);

    public OwnImages Own { get; } = new(order, row.Batch);

    /// <summary>What SimdConv reads: the same values in its own layout.</summary>
    public NativeArray<T> OwnX => field ??= Own.From(X);

    public NativeArray<T> OwnDy => field ??= Own.From(Dy);

    public Pool2DPlan<T> NewPlan() =>
        new(Shape, Kind, Own.LayoutOf(Shape.C, Shape.H, Shape.W), Own.LayoutOf(Shape.C, Shape.P, Shape.Q));

    public NativeArray<T> NewY() => new(row.Outputs);

    public NativeArray<T> NewX() => new(row.Inputs);
}
