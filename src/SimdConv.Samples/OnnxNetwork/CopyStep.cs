namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A copy from one place to another.</summary>
internal sealed class CopyStep(int channels, int height, int width, Place input, Place output) : Step
{
    public override void Run(in Call call) => Images.Copy(
        call.Batch, channels, height, width, call.Read(input), input.Layout, call.Write(output), output.Layout, call.Execution);
}
