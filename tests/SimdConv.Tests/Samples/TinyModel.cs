using Google.Protobuf;
using Onnx;

namespace SimdConv.Tests.Samples;

/// <summary>Writes an ONNX file of some nodes, with random constants.</summary>
internal sealed class TinyModel
{
    private readonly Random random = new(7);

    public TinyModel(params long[] inputSizes)
    {
        Proto = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "tiny" } };
        Proto.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        Proto.Graph.Input.Add(ValueOf("x", inputSizes));
    }

    public ModelProto Proto { get; }

    public byte[] Bytes => Proto.ToByteArray();

    public Dictionary<string, float[]> Constants { get; } = [];

    /// <summary>A network with all that the reader puts together: residuals, a concatenation, a product.</summary>
    public static TinyModel Network()
    {
        TinyModel model = new(-1, 3, 17, 19);
        model.Add("Sub", "centred", ["x", model.Constant("means", -1, 1, 3, 1, 1)]);
        model.Conv("stem", "centred", 8, 3, 3, ("strides", new long[] { 2L, 2 }), ("pads", new long[] { 1L, 1, 0, 1 }));
        model.Normalise("stem", 8);
        model.Add("Relu", "stem.relu", ["stem.bn"]);
        model.Add("MaxPool", "pooled", ["stem.relu"],
            ("kernel_shape", new long[] { 3L, 3 }), ("strides", new long[] { 1L, 1 }), ("pads", new long[] { 1L, 1, 1, 1 }));
        model.Conv("a", "pooled", 8, 8, 3, ("pads", new long[] { 1L, 1, 1, 1 }));
        model.Normalise("a", 8);
        model.Add("Relu", "a.relu", ["a.bn"]);
        model.Conv("b", "a.relu", 8, 8, 3, ("auto_pad", "SAME_UPPER"));
        model.Normalise("b", 8);
        model.Add("Add", "sum", ["b.bn", "pooled"]);
        model.Add("Relu", "sum.relu", ["sum"]);
        model.Conv("left", "sum.relu", 5, 8, 1);
        model.Add("LeakyRelu", "left.relu", ["left"], ("alpha", 0.1f));
        model.Add("Sigmoid", "left.sigmoid", ["left.relu"]);
        model.Add("HardSigmoid", "left.hard", ["left.sigmoid"], ("alpha", 0.7f), ("beta", 0.1f));
        model.Add("Elu", "left.elu", ["left.hard"], ("alpha", 0.6f));
        model.Add("Gelu", "left.gelu", ["left.elu"]);
        model.Add("Clip", "left.clip", ["left.gelu", model.Constant("least", 1), model.Constant("most", 0)]);
        model.Conv("right", "sum.relu", 8, 1, 3, ("group", 8L), ("pads", new long[] { 1L, 1, 1, 1 }));
        model.Add("Concat", "joined", ["left.clip", "sum.relu", "right"], ("axis", 1L));
        model.Add("Relu", "joined.relu", ["joined"]);
        model.Add("AveragePool", "averaged", ["joined.relu"],
            ("kernel_shape", new long[] { 2L, 2 }), ("strides", new long[] { 2L, 2 }), ("dilations", new long[] { 2L, 1 }),
            ("pads", new long[] { 0L, 0, 1, 0 }), ("count_include_pad", 1L));
        model.Add("Flatten", "flat", ["averaged"]);
        model.Add("Gemm", "product",
            ["flat", model.Constant("w", 1, 7, 21 * 4 * 5), model.Constant("c", 1, 7)], ("transB", 1L));
        model.Add("Mul", "y", ["product", model.Constant("two", 1)]);
        return model.Finish("y");
    }

    public TinyModel Conv(string name, string input, int k, int groupChannels, int size, params (string, object)[] attributes)
    {
        string bias = Constant(name + ".b", 1, k);
        Add("Conv", name, [input, Constant(name + ".w", 1, k, groupChannels, size, size), bias], attributes);
        return this;
    }

    public void Normalise(string name, int channels) => Add("BatchNormalization", name + ".bn",
        [name, Constant(name + ".scale", 1, channels), Constant(name + ".shift", 1, channels),
            Constant(name + ".mean", 1, channels), Constant(name + ".variance", 0, channels)]);

    /// <summary>A constant of random elements: from 0 on with sign 0.</summary>
    public string Constant(string name, int sign, params int[] sizes)
    {
        float[] values = new float[sizes.Aggregate(1, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextDouble() - (sign == 0 ? -0.1 : 0.5));
        TensorProto tensor = new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float };
        tensor.Dims.AddRange(sizes.Select(size => (long)size));
        if (Constants.Count % 2 == 0)
            tensor.FloatData.AddRange(values);
        else
            tensor.RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
        Proto.Graph.Initializer.Add(tensor);
        Constants[name] = values;
        return name;
    }

    public TinyModel Add(string type, string output, string[] inputs, params (string Name, object Value)[] attributes)
    {
        NodeProto node = new() { OpType = type, Name = "node of " + output };
        node.Input.AddRange(inputs);
        node.Output.Add(output);
        foreach ((string name, object value) in attributes)
        {
            AttributeProto attribute = new() { Name = name };
            switch (value)
            {
                case long number:
                    (attribute.Type, attribute.I) = (AttributeProto.Types.AttributeType.Int, number);
                    break;
                case long[] numbers:
                    attribute.Type = AttributeProto.Types.AttributeType.Ints;
                    attribute.Ints.AddRange(numbers);
                    break;
                case float number:
                    (attribute.Type, attribute.F) = (AttributeProto.Types.AttributeType.Float, number);
                    break;
                default:
                    attribute.Type = AttributeProto.Types.AttributeType.String;
                    attribute.S = ByteString.CopyFromUtf8((string)value);
                    break;
            }

            node.Attribute.Add(attribute);
        }

        Proto.Graph.Node.Add(node);
        return this;
    }

    public TinyModel Finish(string output)
    {
        Proto.Graph.Output.Add(ValueOf(output, 1));
        return this;
    }

    private static ValueInfoProto ValueOf(string name, params long[] sizes)
    {
        TypeProto.Types.Tensor tensor = new()
        {
            ElemType = (int)TensorProto.Types.DataType.Float,
            Shape = new TensorShapeProto(),
        };
        tensor.Shape.Dim.AddRange(sizes.Select(size => size < 0
            ? new TensorShapeProto.Types.Dimension { DimParam = "batch" }
            : new TensorShapeProto.Types.Dimension { DimValue = size }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
