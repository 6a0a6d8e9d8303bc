namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Where layers get their packed weights and their bias from, in the order of the layers.</summary>
internal interface IWeights
{
    PackedFilter<float> Filter(LinearLayer layer, Conv2DPlan<float> plan, SimdTier tier, out float[] bias);

    /// <summary>A matrix of as many rows as the layer has inputs.</summary>
    PackedMatrix<float> Matrix(LinearLayer layer, SimdTier tier, out float[] bias);
}
