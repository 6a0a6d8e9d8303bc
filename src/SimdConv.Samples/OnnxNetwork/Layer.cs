namespace SimdConv.Samples.OnnxNetwork;

/// <summary>What a step of the network is made of, while the graph is read.</summary>
internal abstract class Layer(Node node)
{
    /// <summary>The nodes that are computed in one step.</summary>
    public List<Node> Nodes { get; } = [node];

    public required Value Input { get; init; }

    public Value Output { get; set; } = null!;

    /// <summary>What else is read.</summary>
    public virtual Value? Residual => null;

    public string Name => string.Join(" + ", Nodes.Select(node => $"{node.Operator} '{node.Name}'"));
}
