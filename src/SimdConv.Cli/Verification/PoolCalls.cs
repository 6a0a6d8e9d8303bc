using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>
/// A pooling of contiguous NCHW arrays, computed in that layout or with images innermost: arrays are then copied to the layout of
/// the plan and back.
/// </summary>
internal sealed class PoolCalls<T>(int batch, Pool2DShape shape, PoolKind kind, bool inImages)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Pool2DPlan<T> plan = inImages
        ? new(shape, kind, Innermost(shape.H, shape.W, shape.C, batch), Innermost(shape.P, shape.Q, shape.C, batch))
        : new(shape, kind);

    public byte[] Winners { get; } = new byte[kind == PoolKind.Max ? batch * shape.C * shape.P * shape.Q * 4L : 0];

    public void Forward(ReadOnlySpan<T> x, Span<T> y, bool keepsWinners, Execution execution)
    {
        ReadOnlySpan<T> from = To(plan.InputLayout, shape.H, shape.W, x, execution);
        Span<T> to = inImages ? new T[y.Length] : y;
        if (keepsWinners)
            plan.Forward(batch, from, to, Winners, execution);
        else
            plan.Forward(batch, from, to, execution);
        Back(plan.OutputLayout, shape.P, shape.Q, to, y, execution);
    }

    public void Backward(ReadOnlySpan<T> dy, Span<T> dx, Execution execution)
    {
        ReadOnlySpan<T> from = To(plan.OutputLayout, shape.P, shape.Q, dy, execution);
        Span<T> to = inImages ? new T[dx.Length] : dx;
        if (kind == PoolKind.Max)
            plan.Backward(batch, from, Winners, to, execution);
        else
            plan.Backward(batch, from, to, execution);
        Back(plan.InputLayout, shape.H, shape.W, to, dx, execution);
    }

    public void Indices(long[] indices) => plan.Indices(batch, Winners, indices);

    private static ImageLayout Innermost(int height, int width, int channels, int images) =>
        ImageLayout.Chwn(channels, height, width, Math.Max(1, images));

    private ReadOnlySpan<T> To(ImageLayout layout, int height, int width, ReadOnlySpan<T> images, Execution execution)
    {
        if (!inImages)
            return images;
        T[] copy = new T[images.Length];
        Images.Copy(batch, shape.C, height, width, images, ImageLayout.Nchw(shape.C, height, width), copy, layout, execution);
        return copy;
    }

    private void Back(
        ImageLayout layout, int height, int width, ReadOnlySpan<T> copy, Span<T> images, Execution execution)
    {
        if (inImages)
            Images.Copy(
                batch, shape.C, height, width, copy, layout, images, ImageLayout.Nchw(shape.C, height, width), execution);
    }
}
