namespace SimdConv.Samples.OnnxNetwork;

/// <summary>Name, type and sizes of a graph's input or output; ONNX's ValueInfoProto.</summary>
internal sealed class ValueInfo
{
    private const int TensorType = 1, Element = 1, Shape = 2, Dimension = 1, Size = 1;

    public ValueInfo(WireReader wire, WireField message)
    {
        foreach (WireField field in wire.Fields(message))
        {
            if (field.Number == 1)
                Name = wire.Text(field);
            else if (field.Number == 2)
                (Type, Sizes) = TensorOf(wire, field);
        }
    }

    public string Name { get; } = "";

    public ElementType Type { get; }

    /// <summary>Sizes that aren't known are 0.</summary>
    public long[] Sizes { get; } = [];

    private static (ElementType Type, long[] Sizes) TensorOf(WireReader wire, WireField message)
    {
        ElementType type = ElementType.Undefined;
        List<long> sizes = [];
        foreach (WireField field in wire.Fields(message).Where(field => field.Number == TensorType).SelectMany(wire.Fields))
        {
            if (field.Number == Element)
                type = (ElementType)wire.Int(field);
            else if (field.Number == Shape)
                sizes.AddRange(wire.Fields(field).Where(part => part.Number == Dimension).Select(SizeOf));
        }

        return (type, [.. sizes]);

        long SizeOf(WireField dimension) =>
            wire.Fields(dimension).Where(part => part.Number == Size).Select(wire.Int).LastOrDefault();
    }
}
