namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Makes layers ready to run: plans, packed weights, and the places of values.</summary>
internal sealed class StepMaker(BufferPlan buffers, NetworkOptions options, SimdTier tier, IWeights weights)
{
    public Step Make(Layer layer)
    {
        Place input = PlaceOf(layer.Input), output = PlaceOf(layer.Output);
        string text = $"{layer.Name}: {layer.Input} -> {layer.Output}";
        switch (layer)
        {
            case LinearLayer { Shape: { } shape } linear:
                Conv2DPlan<float> plan = new(shape, input.Layout, output.Layout, options.Algorithm);
                Place? residual = linear.Residual is { } value ? PlaceOf(value) : null;
                PackedFilter<float> filter = weights.Filter(linear, plan, tier, out float[] bias);
                return new ConvolutionStep(plan, filter, bias, linear, input, output, residual)
                {
                    Text = $"{text}; {plan.ConvAlgorithm}, {plan.Algorithm(ConvDirection.Forward, new(Tier: tier))}",
                };
            case LinearLayer linear:
                PackedMatrix<float> matrix = weights.Matrix(linear, tier, out bias);
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

    private Place PlaceOf(Value value) => buffers.PlaceOf(value, options.HasChannelsInnermost);
}
