using Onnx;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A node of the graph. Attributes that nobody asked for are an error: they would change what it computes.</summary>
internal sealed class Node(NodeProto proto)
{
    private readonly HashSet<string> read = [];

    public string Operator { get; } = proto.OpType;

    public string Name { get; } = proto.Name.Length > 0 ? proto.Name : proto.Output.FirstOrDefault() ?? "";

    public IReadOnlyList<string> Inputs => proto.Input;

    /// <summary>Outputs that have a name.</summary>
    public IReadOnlyList<string> Outputs { get; } = [.. proto.Output.Where(name => name.Length > 0)];

    /// <summary>Whether an input is there: optional ones may have no name.</summary>
    public bool Has(int input) => input < proto.Input.Count && proto.Input[input].Length > 0;

    public long Int(string name, long absent) =>
        Find(name, AttributeProto.Types.AttributeType.Int)?.I ?? absent;

    public float Float(string name, float absent) =>
        Find(name, AttributeProto.Types.AttributeType.Float)?.F ?? absent;

    public string Text(string name, string absent) =>
        Find(name, AttributeProto.Types.AttributeType.String)?.S.ToStringUtf8() ?? absent;

    public long[]? Ints(string name) => Find(name, AttributeProto.Types.AttributeType.Ints)?.Ints.ToArray();

    public TensorProto? Tensor(string name) => Find(name, AttributeProto.Types.AttributeType.Tensor)?.T;

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
        if (proto.Attribute.FirstOrDefault(attribute => !read.Contains(attribute.Name)) is { } other)
            throw Error($"it has the attribute '{other.Name}'; expected {(read.Count == 0 ? "none" : string.Join(", ", read))}");
    }

    public NetworkException Error(string what) => new($"{Operator} '{Name}': {what}.");

    private AttributeProto? Find(string name, AttributeProto.Types.AttributeType type)
    {
        read.Add(name);
        AttributeProto? found = proto.Attribute.FirstOrDefault(attribute => attribute.Name == name);
        return found is null || found.Type == type || found.Type == AttributeProto.Types.AttributeType.Undefined
            ? found
            : throw Error($"{name} is of the type {found.Type}; expected {type}");
    }
}
