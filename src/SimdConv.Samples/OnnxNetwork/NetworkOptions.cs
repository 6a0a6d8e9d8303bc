namespace SimdConv.Samples.OnnxNetwork;

/// <summary>How a network is made ready.</summary>
public sealed record NetworkOptions
{
    /// <summary>
    /// How convolutions are computed: Direct, or Winograd for the faster of F(2x2), F(4x4) and the direct sum for each layer.
    /// </summary>
    public ConvAlgorithm Algorithm { get; init; }

    /// <summary>
    /// Whether images between layers have their channels innermost, [row][column][channel]; else [channel][row][column].
    /// </summary>
    public bool HasChannelsInnermost { get; init; }

    /// <summary>Whether memory of activations that nobody reads any more serves later ones.</summary>
    public bool ReusesMemory { get; init; } = true;

    /// <summary>The tier that weights are packed for and calls run in; null for the best one.</summary>
    public SimdTier? Tier { get; init; }

    /// <summary>Whether a mapped file's weights are compared with their checksums, for which all of them are read once.</summary>
    public bool Verifies { get; init; } = true;
}
