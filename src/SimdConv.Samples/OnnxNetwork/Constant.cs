using System.Runtime.InteropServices;
using Onnx;

namespace SimdConv.Samples.OnnxNetwork;

/// <summary>A constant tensor of the file.</summary>
internal sealed class Constant(TensorProto proto)
{
    private const int Float = (int)TensorProto.Types.DataType.Float, Int64 = (int)TensorProto.Types.DataType.Int64;

    public string Name => proto.Name;

    public int[] Sizes { get; } =
        [.. proto.Dims.Select(size => size is >= 0 and <= int.MaxValue ? (int)size : throw Damaged(proto, "a size is " + size))];

    /// <summary>How many elements its sizes make.</summary>
    public int Count
    {
        get
        {
            long count = 1;
            foreach (int size in Sizes)
                count = count * size <= int.MaxValue ? count * size : throw Damaged(proto, "it has more than 2^31 - 1 elements");
            return (int)count;
        }
    }

    /// <summary>A copy of its elements.</summary>
    public float[] Floats() => Elements(Float, "float", proto.FloatData);

    /// <inheritdoc cref="Floats"/>
    public long[] Ints() => Elements(Int64, "int64", proto.Int64Data);

    private T[] Elements<T>(int type, string name, IReadOnlyCollection<T> data)
        where T : unmanaged
    {
        if (proto.DataType != type)
            throw Damaged(proto, $"its elements are of type {(TensorProto.Types.DataType)proto.DataType}; expected {name}");
        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
            throw Damaged(proto, "its elements are in another file; expected them in this one");
        T[] elements = new T[Count];
        Span<byte> bytes = MemoryMarshal.AsBytes(elements.AsSpan());
        if (data.Count == elements.Length && data is ICollection<T> list && proto.RawData.IsEmpty)
            list.CopyTo(elements, 0);
        else if (data.Count == 0 && proto.RawData.Length == bytes.Length)
            proto.RawData.Span.CopyTo(bytes);
        else
            throw Damaged(proto, $"it holds {data.Count} elements and {proto.RawData.Length} bytes; expected {elements.Length} "
                + "elements");
        return elements;
    }

    private static NetworkException Damaged(TensorProto proto, string what) => new($"the constant '{proto.Name}': {what}.");
}
