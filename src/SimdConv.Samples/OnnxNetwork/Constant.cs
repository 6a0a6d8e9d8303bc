using System.Runtime.InteropServices;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>
/// A constant tensor, ONNX's TensorProto. Its elements stay in the file until they are asked for; the file has to be open then.
/// </summary>
internal sealed class Constant
{
    /// <summary>Fields of the message.</summary>
    public const int FloatsField = 4, RawField = 9, PlaceField = 14;

    /// <summary>The place of elements that aren't in the message.</summary>
    public const int Elsewhere = 1;


    private readonly WireReader wire;
    private readonly List<WireField> floats = [], ints = [];
    private readonly WireField raw;
    private readonly ElementType type;
    private readonly bool isElsewhere;
    private bool isWeights, isRead;

    public Constant(WireReader wire, WireField message)
    {
        this.wire = wire;
        List<long> sizes = [];
        foreach (WireField field in wire.Fields(message))
        {
            switch (field.Number)
            {
                case 1:
                    sizes.AddRange(wire.Ints(field));
                    break;
                case 2:
                    type = (ElementType)wire.Int(field);
                    break;
                case FloatsField:
                    floats.Add(field);
                    break;
                case 7:
                    ints.Add(field);
                    break;
                case 8:
                    Name = wire.Text(field);
                    break;
                case RawField:
                    raw = field;
                    break;
                case PlaceField:
                    isElsewhere = wire.Int(field) == Elsewhere;
                    break;
            }
        }

        Sizes = [.. sizes.Select(size => size is >= 0 and <= int.MaxValue ? (int)size : throw Damaged("a size is " + size))];
    }

    public string Name { get; } = "";

    public int[] Sizes { get; }

    /// <summary>How many elements its sizes make.</summary>
    public int Count
    {
        get
        {
            long count = 1;
            foreach (int size in Sizes)
                count = count * size <= int.MaxValue ? count * size : throw Damaged("it has more than 2^31 - 1 elements");
            return (int)count;
        }
    }

    /// <summary>
    /// Whether nothing but weights are made of it, in a layer that isn't put into another one: a network with packed weights does
    /// without it.
    /// </summary>
    public bool IsOnlyWeights => isWeights && !isRead && Sizes[1..].Any(size => size > 1);

    /// <summary>Refuses what <see cref="Read"/> couldn't read. Weights that are packed elsewhere need not be there.</summary>
    public void RequireWeights()
    {
        isWeights = true;
        if (!isElsewhere || !wire.HasWeightsElsewhere)
            RequireFloats();
    }

    private void RequireFloats()
    {
        Require(ElementType.Float, "float");
        RequireCount(floats.Sum(field => field.Length / sizeof(float)), sizeof(float));
    }

    /// <summary>A copy of its elements.</summary>
    public float[] Floats()
    {
        RequireFloats();
        isRead = true;
        float[] elements = new float[Count];
        Read(elements);
        return elements;
    }

    /// <summary>Copies its elements, which are there.</summary>
    public void Read(Span<float> elements)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(elements[..Count]);
        if (raw.Length > 0)
        {
            wire.Read(raw, bytes);
            return;
        }

        foreach (WireField field in floats)
        {
            int length = (int)(field.Length / sizeof(float) * sizeof(float));
            wire.Read(field, bytes[..length]);
            bytes = bytes[length..];
        }
    }

    /// <inheritdoc cref="Floats"/>
    public long[] Ints()
    {
        Require(ElementType.Int64, "int64");
        long[] elements = [.. ints.SelectMany(wire.Ints)];
        RequireCount(elements.Length, sizeof(long));
        if (raw.Length > 0)
        {
            elements = new long[Count];
            wire.Read(raw, MemoryMarshal.AsBytes(elements.AsSpan()));
        }

        return elements;
    }

    private void Require(ElementType expected, string name)
    {
        if (type != expected)
            throw Damaged($"its elements are of type {type}; expected {name}");
        if (isElsewhere)
            throw Damaged("its elements are in another file; expected them in this one");
    }

    /// <summary>Elements are in a list, or their bytes behind each other.</summary>
    private void RequireCount(long listed, int size)
    {
        if (raw.Length == 0 ? listed != Count : listed != 0 || raw.Length != (long)Count * size)
            throw Damaged($"it holds {listed} elements and {raw.Length} bytes; expected {Count} elements");
    }

    private NetworkException Damaged(string what) => new($"the constant '{Name}': {what}.");
}
