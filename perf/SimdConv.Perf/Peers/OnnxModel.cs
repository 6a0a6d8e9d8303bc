using System.Runtime.InteropServices;
using System.Text;

namespace SimdConv.Perf.Peers;

/// <summary>
/// Writes an ONNX model of one node, Conv with constant weights and bias or a pooling: the few protobuf fields that it takes.
/// </summary>
internal static class OnnxModel
{
    // ONNX's enumerations: TensorProto.DataType and AttributeProto.AttributeType.
    private const int Float = 1, AttributeInt = 2, AttributeInts = 7;
    private const int IrVersion = 8, OpSet = 17;

    public static byte[] Conv(Conv2DShape shape, int batch, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias)
    {
        byte[] node = Message(
            Field(1, "x"), Field(1, "w"), Field(1, "b"), Field(2, "y"), Field(4, "Conv"),
            Field(5, Attributes("strides", shape.StrideH, shape.StrideW)),
            Field(5, Attributes("pads", shape.PadTop, shape.PadLeft, shape.PadBottom, shape.PadRight)),
            Field(5, Attributes("dilations", shape.DilationH, shape.DilationW)),
            Field(5, Attribute("group", shape.Groups)));
        byte[] graph = Message(
            Field(1, node), Field(2, "conv"),
            Field(5, Tensor("w", weights, shape.K, shape.C / shape.Groups, shape.R, shape.S)),
            Field(5, Tensor("b", bias, shape.K)),
            Field(11, Value("x", batch, shape.C, shape.H, shape.W)),
            Field(12, Value("y", batch, shape.K, shape.P, shape.Q)));
        return Model(graph);
    }

    public static byte[] Pool(Pool2DShape shape, PoolKind kind, int batch)
    {
        bool isMax = kind == PoolKind.Max;
        byte[] node = Message(
            Field(1, "x"), Field(2, "y"), Field(4, isMax ? "MaxPool" : "AveragePool"),
            Field(5, Attributes("kernel_shape", shape.R, shape.S)),
            Field(5, Attributes("strides", shape.StrideH, shape.StrideW)),
            Field(5, Attributes("pads", shape.PadTop, shape.PadLeft, shape.PadBottom, shape.PadRight)),
            isMax ? Field(5, Attributes("dilations", shape.DilationH, shape.DilationW))
                : Field(5, Attribute("count_include_pad", shape.CountIncludePad ? 1 : 0)));
        return Model(Message(
            Field(1, node), Field(2, "pool"),
            Field(11, Value("x", batch, shape.C, shape.H, shape.W)),
            Field(12, Value("y", batch, shape.C, shape.P, shape.Q))));
    }

    private static byte[] Model(byte[] graph) =>
        Message(Field(1, IrVersion), Field(7, graph), Field(8, Message(Field(1, ""), Field(2, OpSet))));

    private static byte[] Attribute(string name, int value) =>
        Message(Field(1, name), Field(20, AttributeInt), Field(3, value));

    private static byte[] Attributes(string name, params ReadOnlySpan<int> values)
    {
        List<byte> message = [.. Field(1, name), .. Field(20, AttributeInts)];
        foreach (int value in values)
            message.AddRange(Field(8, value));
        return [.. message];
    }

    private static byte[] Tensor(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> sizes)
    {
        List<byte> message = [.. Field(2, Float), .. Field(8, name), .. Field(9, MemoryMarshal.AsBytes(values))];
        foreach (int size in sizes)
            message.AddRange(Field(1, size));
        return [.. message];
    }

    private static byte[] Value(string name, params ReadOnlySpan<int> sizes)
    {
        List<byte> dimensions = [];
        foreach (int size in sizes)
            dimensions.AddRange(Field(1, Message(Field(1, size))));
        byte[] type = Message(Field(1, Float), Field(2, dimensions.ToArray()));
        return Message(Field(1, name), Field(2, Message(Field(1, type))));
    }

    private static byte[] Message(params ReadOnlySpan<byte[]> fields)
    {
        List<byte> message = [];
        foreach (byte[] field in fields)
            message.AddRange(field);
        return [.. message];
    }

    private static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    // Wire type 2: a length, then that many bytes.
    private static byte[] Field(int number, ReadOnlySpan<byte> bytes) =>
        [.. Varint((number << 3) | 2), .. Varint(bytes.Length), .. bytes];

    // Wire type 0.
    private static byte[] Field(int number, int value) => [.. Varint(number << 3), .. Varint(value)];

    private static List<byte> Varint(int value)
    {
        List<byte> bytes = [];
        for (uint rest = (uint)value; ; rest >>= 7)
        {
            if (rest < 0x80)
            {
                bytes.Add((byte)rest);
                return bytes;
            }

            bytes.Add((byte)(rest | 0x80));
        }
    }
}
