using Google.Protobuf;
using Onnx;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>A network in ONNX Runtime.</summary>
internal static class OnnxRuntimeNetwork
{
    /// <summary>The file with another batch in its input and output: files often fix it to 1.</summary>
    public static Contestant Create(NetworkOperands operands, int threads)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(operands.File);
        HashSet<string> constants = [.. model.Graph.Initializer.Select(constant => constant.Name)];
        ValueInfoProto input = model.Graph.Input.First(value => !constants.Contains(value.Name)), output = model.Graph.Output[0];

        // What was inferred for another batch is inferred anew.
        model.Graph.ValueInfo.Clear();
        long[] inputSizes = ForBatch(input), outputSizes = ForBatch(output);
        return new OnnxRuntimeCall(
            model.ToByteArray(), operands.Images, inputSizes, operands.NewResults(), outputSizes, threads);

        long[] ForBatch(ValueInfoProto value)
        {
            value.Type.TensorType.Shape.Dim[0].DimValue = operands.Batch;
            return [.. value.Type.TensorType.Shape.Dim.Select(size => size.DimValue)];
        }
    }
}
