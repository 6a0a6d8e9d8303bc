namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Weights that are read from the ONNX file and packed; and written to a file, if there is one.</summary>
internal sealed class PackedNow(Stream? destination = null) : IWeights
{
    private float[] memory = [];

    /// <summary>The bias of each layer, behind each other.</summary>
    public List<float> Biases { get; } = [];

    public PackedFilter<float> Filter(LinearLayer layer, Conv2DPlan<float> plan, SimdTier tier, out float[] bias)
    {
        ReadOnlySpan<float> weights = WeightsOf(layer, out bias);
        PackedFilter<float> filter = plan.Pack(weights, FilterUse.Forward, tier);
        if (destination is not null)
            filter.Save(destination, weights);
        return filter;
    }

    public PackedMatrix<float> Matrix(LinearLayer layer, SimdTier tier, out float[] bias)
    {
        ReadOnlySpan<float> weights = WeightsOf(layer, out bias);
        int features = layer.Input.Elements, outputs = layer.Output.Elements;
        PackedMatrix<float> matrix = Gemm.Pack(GemmSide.B, Transpose.Yes, features, outputs, weights, features, tier);
        if (destination is not null)
        {
            float[] rows = new float[layer.WeightCount];
            GraphReader.Transpose(weights, outputs, features, rows);
            matrix.Save(destination, rows);
        }

        return matrix;
    }

    /// <summary>The weights of one layer at a time, in memory that the next one's take too.</summary>
    private ReadOnlySpan<float> WeightsOf(LinearLayer layer, out float[] bias)
    {
        if (memory.Length < layer.WeightCount)
            memory = GC.AllocateUninitializedArray<float>(layer.WeightCount);
        Span<float> weights = memory.AsSpan(0, layer.WeightCount);
        bias = layer.FoldTo(weights);
        Biases.AddRange(bias);
        return weights;
    }
}
