namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A convolution with bias, residual and activation.</summary>
internal sealed class ConvolutionStep(
    Conv2DPlan<float> plan, PackedFilter<float> filter, float[] bias, LinearLayer layer, Place input, Place output,
    Place? residual) : Step
{
    private readonly Activation activation = layer.Activation;
    private readonly float? alpha = layer.Alpha, beta = layer.Beta;
    private readonly bool hasResidual = residual.HasValue;
    private readonly Place residual = residual.GetValueOrDefault();

    public override void Run(in Call call) => plan.Forward(call.Batch, call.Read(input), filter, call.Write(output), new()
    {
        Bias = bias,
        Residual = hasResidual ? call.Read(residual) : [],
        Activation = activation,
        Slope = alpha,
        Alpha = alpha,
        Beta = beta,
    }, call.Execution);

    public override long ScratchBytes(int batch, Execution execution) =>
        plan.WorkspaceBytes(ConvDirection.Forward, batch, execution);
}
