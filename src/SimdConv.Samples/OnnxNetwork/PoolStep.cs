namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A pooling.</summary>
internal sealed class PoolStep(Pool2DPlan<float> plan, Place input, Place output) : Step
{
    public override void Run(in Call call) =>
        plan.Forward(call.Batch, call.Read(input), call.Write(output), call.Execution);
}
