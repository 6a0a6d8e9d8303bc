using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>A pooling of contiguous NCHW arrays, computed in that layout or with images innermost.</summary>
internal sealed class PoolCalls<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly int batch;
    private readonly bool inImages;
    private readonly CheckedImages<T> input, output;
    private readonly Pool2DPlan<T> plan;

    public PoolCalls(int batch, Pool2DShape shape, PoolKind kind, bool inImages)
    {
        (this.batch, this.inImages) = (batch, inImages);
        input = new(batch, shape.C, shape.H, shape.W, inImages);
        output = new(batch, shape.C, shape.P, shape.Q, inImages);
        plan = new(shape, kind, input.Layout, output.Layout);
        Winners = new byte[kind == PoolKind.Max ? batch * shape.C * shape.P * shape.Q * 4L : 0];
    }

    public byte[] Winners { get; }

    public string NameOf(string direction) => CheckedImages<T>.NameOf(direction, inImages);

    public void Forward(T[] x, Span<T> y, bool keepsWinners, Execution execution) => output.Fill(y, execution, (y, execution) =>
    {
        if (keepsWinners)
            plan.Forward(batch, input.To(x, execution), y, Winners, execution);
        else
            plan.Forward(batch, input.To(x, execution), y, execution);
    });

    public void Backward(T[] dy, Span<T> dx, Execution execution) => input.Fill(dx, execution, (dx, execution) =>
    {
        if (plan.Kind == PoolKind.Max)
            plan.Backward(batch, output.To(dy, execution), Winners, dx, execution);
        else
            plan.Backward(batch, output.To(dy, execution), dx, execution);
    });

    public void Indices(long[] indices) => plan.Indices(batch, Winners, indices);
}
