namespace SimdConv.Samples.OnnxNetwork;

/// <summary>ONNX's numbers for types of attributes.</summary>
internal enum AttributeType
{
    Undefined,
    Float,
    Int,
    String,
    Tensor,
    Graph,
    Floats,
    Ints,
    Strings,
    Tensors,
    Graphs,
}
