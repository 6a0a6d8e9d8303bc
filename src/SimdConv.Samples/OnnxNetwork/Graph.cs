namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A network as a list of layers, each of which reads what earlier ones have written.</summary>
internal sealed record Graph(Value Input, Value Output, IReadOnlyList<Layer> Layers)
{
    /// <summary>Names of constants that nothing but weights are made of.</summary>
    public required HashSet<string> Weights { get; init; }
}
