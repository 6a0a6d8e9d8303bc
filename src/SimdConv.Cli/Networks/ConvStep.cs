using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>A convolution by the library, with its bias and activation.</summary>
internal sealed class ConvStep<T> : Step<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Conv2DPlan<T> plan;
    private readonly ConvLayer layer;
    private readonly ReadOnlyMemory<T> weights, bias;
    private readonly PackedFilter<T> filter;
    private readonly Execution execution;

    public ConvStep(ConvLayer layer, int width, ReadOnlyMemory<T> weights, ReadOnlyMemory<T> bias, bool needsInput,
        bool useWinograd, Execution execution)
    {
        (this.layer, this.weights, this.bias, this.execution) = (layer, weights, bias, execution);
        Conv2DShape shape = layer.Shape;
        plan = new Conv2DPlan<T>(shape, layer.Input.Layout(width), layer.Output.Layout(width),
            useWinograd ? WinogradChoice.For(shape) : ConvAlgorithm.Direct);
        filter = plan.Pack(weights.Span, needsInput ? FilterUse.Both : FilterUse.Forward, execution.Tier);
    }

    public override string Algorithm => plan.ConvAlgorithm == ConvAlgorithm.Direct
        ? "direct"
        : "winograd " + WinogradChoice.NameOf(plan.ConvAlgorithm, layer.Shape);

    public override void Refresh() => plan.Repack(weights.Span, filter);

    public override void Forward(int images, ReadOnlySpan<T> x, Span<T> y, Span<byte> notes) =>
        plan.Forward(images, x, filter, y, new Epilogue<T>
        {
            Bias = bias.Span,
            Activation = layer.Activation.Kind,
            Scale = T.CreateTruncating(layer.Activation.Scale),
        }, execution);

    public override void InputGradient(int images, ReadOnlySpan<T> dy, ReadOnlySpan<byte> notes, Span<T> dx) =>
        plan.InputGradient(images, dy, filter, dx, T.Zero, execution);

    public override void WeightGradient(int images, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db) =>
        plan.WeightGradient(images, x, dy, dw, db, T.Zero, execution);
}
