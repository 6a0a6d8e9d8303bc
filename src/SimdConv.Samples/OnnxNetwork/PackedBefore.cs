namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Weights of a mapped file, in place; packed now where the file's are for another CPU.</summary>
internal sealed class PackedBefore(PackedFile file, float[] biases) : IWeights
{
    private int count, at;

    public PackedFilter<float> Filter(LinearLayer layer, Conv2DPlan<float> plan, SimdTier tier, out float[] bias)
    {
        bias = NextBias(layer);
        return plan.Load(file, count++, FilterUse.Forward, tier);
    }

    public PackedMatrix<float> Matrix(LinearLayer layer, SimdTier tier, out float[] bias)
    {
        bias = NextBias(layer);
        PackedMatrix<float> matrix = Gemm.Load<float>(file, count++, tier);
        return (matrix.Rows, matrix.Columns) == (layer.Input.Elements, layer.Output.Elements) ? matrix
            : throw new NetworkException($"the file has a {matrix.Rows} x {matrix.Columns} matrix for {layer.Name}; expected "
                + $"{layer.Input.Elements} x {layer.Output.Elements}");
    }

    private float[] NextBias(LinearLayer layer)
    {
        int start = at;
        at += layer.Outputs;
        return at <= biases.Length ? biases[start..at]
            : throw new NetworkException($"the file has {biases.Length} elements of biases; expected more, for {layer.Name}");
    }
}
