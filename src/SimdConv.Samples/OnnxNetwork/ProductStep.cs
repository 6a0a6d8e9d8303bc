namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Rows of features, one for each element of the batch, times a matrix of weights.</summary>
internal sealed class ProductStep(PackedMatrix<float> weights, float[] bias, LinearLayer layer, Place input, Place output)
    : Step
{
    private readonly Activation activation = layer.Activation;
    private readonly float? alpha = layer.Alpha, beta = layer.Beta;

    public override void Run(in Call call) => Gemm.Multiply(
        Transpose.No, call.Batch, 1, call.Read(input), (int)input.Layout.N, weights, 0, call.Write(output), (int)output.Layout.N,
        call.Execution, new() { ColumnBias = bias, Activation = activation, Slope = alpha, Alpha = alpha, Beta = beta });
}
