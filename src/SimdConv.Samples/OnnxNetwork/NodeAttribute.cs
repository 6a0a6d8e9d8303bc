namespace SimdConv.Samples.OnnxNetwork;

/// <summary>An attribute of a node; ONNX's AttributeProto, as far as it is read here.</summary>
internal sealed class NodeAttribute
{
    public NodeAttribute(WireReader wire, WireField message)
    {
        List<long> ints = [];
        foreach (WireField field in wire.Fields(message))
        {
            switch (field.Number)
            {
                case 1:
                    Name = wire.Text(field);
                    break;
                case 2:
                    Float = wire.Float(field);
                    break;
                case 3:
                    Int = wire.Int(field);
                    break;
                case 4:
                    Text = wire.Text(field);
                    break;
                case 5:
                    Tensor = new Constant(wire, field);
                    break;
                case 8:
                    ints.AddRange(wire.Ints(field));
                    break;
                case 20:
                    Type = (AttributeType)wire.Int(field);
                    break;
            }
        }

        Ints = [.. ints];
    }

    public string Name { get; } = "";

    public AttributeType Type { get; }

    public float Float { get; }

    public long Int { get; }

    public string Text { get; } = "";

    public long[] Ints { get; }

    public Constant? Tensor { get; }
}
