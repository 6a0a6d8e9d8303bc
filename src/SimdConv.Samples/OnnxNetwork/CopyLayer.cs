namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A copy, where a value can't be computed in its place.</summary>
internal sealed class CopyLayer(Node node) : Layer(node);
