namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A node of the graph. Attributes that nobody asked for are an error: they would change what it computes.</summary>
internal sealed class Node
{
    private readonly HashSet<string> read = [];
    private readonly List<NodeAttribute> attributes = [];
    private readonly List<string> inputs = [];

    public Node(string @operator, string name)
    {
        (Operator, Name, Outputs) = (@operator, name, []);
    }

    /// <summary>Reads ONNX's NodeProto.</summary>
    public Node(WireReader wire, WireField message)
    {
        List<string> outputs = [];
        (Operator, Name) = ("", "");
        foreach (WireField field in wire.Fields(message))
        {
            switch (field.Number)
            {
                case 1:
                    inputs.Add(wire.Text(field));
                    break;
                case 2:
                    outputs.Add(wire.Text(field));
                    break;
                case 3:
                    Name = wire.Text(field);
                    break;
                case 4:
                    Operator = wire.Text(field);
                    break;
                case 5:
                    attributes.Add(new NodeAttribute(wire, field));
                    break;
                case 7:
                    Domain = wire.Text(field);
                    break;
            }
        }

        if (Name.Length == 0)
            Name = outputs.FirstOrDefault() ?? "";
        Outputs = [.. outputs.Where(output => output.Length > 0)];
    }

    public string Operator { get; }

    public string Name { get; }

    /// <summary>Whose operators these are; ONNX's own ones are of none, or of ai.onnx.</summary>
    public string Domain { get; } = "";

    public IReadOnlyList<string> Inputs => inputs;

    /// <summary>Outputs that have a name.</summary>
    public IReadOnlyList<string> Outputs { get; }

    /// <summary>Whether an input is there: optional ones may have no name.</summary>
    public bool Has(int input) => input < inputs.Count && inputs[input].Length > 0;

    public long Int(string name, long absent) =>
        Find(name, AttributeType.Int)?.Int ?? absent;

    public float Float(string name, float absent) =>
        Find(name, AttributeType.Float)?.Float ?? absent;

    public string Text(string name, string absent) =>
        Find(name, AttributeType.String)?.Text ?? absent;

    public long[]? Ints(string name) => Find(name, AttributeType.Ints)?.Ints;

    public Constant? Tensor(string name) => Find(name, AttributeType.Tensor)?.Tensor;

    /// <summary>As many numbers, each from 0, or 1, on.</summary>
    public int[] Sizes(string name, int count, int least, int absent)
    {
        if (Ints(name) is not { } values)
            return [.. Enumerable.Repeat(absent, count)];
        return values.Length == count && values.All(value => value >= least && value <= int.MaxValue)
            ? [.. values.Select(value => (int)value)]
            : throw Error($"{name} is [{string.Join(", ", values)}]; expected {count} numbers of {least} or more, for images of "
                + "two dimensions");
    }

    /// <summary>Refuses another value than the one that can be expressed.</summary>
    public void Require(string name, long value)
    {
        if (Int(name, value) is var found && found != value)
            throw Error($"{name} is {found}; expected {value}");
    }

    /// <summary>Says that attributes don't change what is computed here.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            read.Add(name);
    }

    /// <summary>Refuses attributes that nobody has asked for.</summary>
    public void RequireAllRead()
    {
        if (attributes.FirstOrDefault(attribute => !read.Contains(attribute.Name)) is { } other)
            throw Error($"it has the attribute '{other.Name}'; expected {(read.Count == 0 ? "none" : string.Join(", ", read))}");
    }

    public NetworkException Error(string what) => new($"{Operator} '{Name}': {what}.");

    private NodeAttribute? Find(string name, AttributeType type)
    {
        read.Add(name);
        NodeAttribute? found = attributes.FirstOrDefault(attribute => attribute.Name == name);
        return found is null || found.Type == type || found.Type == AttributeType.Undefined
            ? found
            : throw Error($"{name} is of the type {found.Type}; expected {type}");
    }
}
