namespace SimdConv.Samples.OnnxNetwork;

/// <summary>ONNX's GraphProto, as far as it is read here.</summary>
internal sealed class GraphProto
{
    public GraphProto()
    {
    }

    public GraphProto(WireReader wire, WireField message)
    {
        foreach (WireField field in wire.Fields(message))
        {
            switch (field.Number)
            {
                case 1:
                    Nodes.Add(new Node(wire, field));
                    break;
                case 5:
                    Constants.Add(new Constant(wire, field));
                    break;
                case 11:
                    Inputs.Add(new ValueInfo(wire, field));
                    break;
                case 12:
                    Outputs.Add(new ValueInfo(wire, field));
                    break;
            }
        }
    }

    public List<Node> Nodes { get; } = [];

    public List<Constant> Constants { get; } = [];

    /// <summary>Inputs; files may count constants among them.</summary>
    public List<ValueInfo> Inputs { get; } = [];

    public List<ValueInfo> Outputs { get; } = [];
}
