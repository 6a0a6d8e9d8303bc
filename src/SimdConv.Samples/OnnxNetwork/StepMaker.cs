namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Makes layers ready to run: plans, packed weights, and the places of values.</summary>
internal sealed class StepMaker(BufferPlan buffers, NetworkOptions options, SimdTier tier)
{
    private float[] memory = [];

    public Step Make(Layer layer)
    {
        Place input = PlaceOf(layer.Input), output = PlaceOf(layer.Output);
        string text = $"{layer.Name}: {layer.Input} -> {layer.Output}";
        switch (layer)
        {
            case LinearLayer { Shape: { } shape } linear:
                Conv2DPlan<float> plan = new(shape, input.Layout, output.Layout, options.Algorithm);
                Place? residual = linear.Residual is { } value ? PlaceOf(value) : null;
                PackedFilter<float> filter = plan.Pack(WeightsOf(linear, out float[] bias), FilterUse.Forward, tier);
                return new ConvolutionStep(plan, filter, bias, linear, input, output, residual)
                {
                    Text = $"{text}; {plan.ConvAlgorithm}, {plan.Algorithm(ConvDirection.Forward, new(Tier: tier))}",
                };
            case LinearLayer linear:
                int features = linear.Input.Elements, outputs = linear.Output.Elements;
                PackedMatrix<float> matrix =
                    Gemm.Pack(GemmSide.B, Transpose.Yes, features, outputs, WeightsOf(linear, out bias), features, tier);
                return new ProductStep(matrix, bias, linear, input, output)
                {
                    Text = $"{text}; matrix product",
                };
            case PoolLayer pool:
                return new PoolStep(new(pool.Shape, pool.Kind, input.Layout, output.Layout), input, output)
                {
                    Text = $"{text}; pooling",
                };
            default:
                Value v = layer.Output;
                return new CopyStep(v.Channels, v.Height, v.Width, input, output) { Text = $"{text}; copy" };
        }
    }

    /// <summary>The weights of one layer at a time, in memory that the next one's take too.</summary>
    private ReadOnlySpan<float> WeightsOf(LinearLayer layer, out float[] bias)
    {
        if (memory.Length < layer.WeightCount)
            memory = GC.AllocateUninitializedArray<float>(layer.WeightCount);
        Span<float> weights = memory.AsSpan(0, layer.WeightCount);
        bias = layer.FoldTo(weights);
        return weights;
    }

    private Place PlaceOf(Value value) => buffers.PlaceOf(value, options.HasChannelsInnermost);
}
