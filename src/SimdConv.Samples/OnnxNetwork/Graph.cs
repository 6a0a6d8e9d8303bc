namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A network as a list of layers, each of which reads what earlier ones have written.</summary>
internal sealed record Graph(Value Input, Value Output, IReadOnlyList<Layer> Layers);
