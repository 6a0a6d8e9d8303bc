using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

/// <summary>A network in ONNX Runtime with all of its optimisations, input and output bound.</summary>
internal sealed class OnnxRuntimeNetwork : Contestant
{
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly RunOptions runOptions = new();
    private readonly OrtValue input, result;
    private readonly NativeArray<float> x, y;

    public OnnxRuntimeNetwork(NetworkOperands operands, int threads)
        : base(PeerSet.OnnxRuntime)
    {
        using SessionOptions options = OnnxRuntime.NewOptions(threads);
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        session = new InferenceSession(ForBatch(operands.File, operands.Batch), options);
        (string inputName, string resultName) = (session.InputNames[0], session.OutputNames[0]);
        x = operands.Images;
        y = operands.NewResults();
        input = OnnxRuntime.Wrap(x, SizesOf(session.InputMetadata[inputName], operands.Batch));
        result = OnnxRuntime.Wrap(y, SizesOf(session.OutputMetadata[resultName], operands.Batch));
        binding = session.CreateIoBinding();
        binding.BindInput(inputName, input);
        binding.BindOutput(resultName, result);
    }

    public override IReadOnlyList<NativeArray> Results() => [y];

    public override void Dispose()
    {
        binding.Dispose();
        input.Dispose();
        result.Dispose();
        runOptions.Dispose();
        session.Dispose();
    }

    protected override void Call() => session.RunWithBinding(runOptions, binding);

    /// <summary>The file with another batch in its input and output: files often fix it to 1.</summary>
    private static byte[] ForBatch(byte[] file, int batch)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(file);
        HashSet<string> constants = [.. model.Graph.Initializer.Select(constant => constant.Name)];
        ValueInfoProto[] values = [.. model.Graph.Input.Where(value => !constants.Contains(value.Name)), .. model.Graph.Output];
        if (values.All(value => value.Type.TensorType.Shape?.Dim.FirstOrDefault()?.DimValue == batch))
            return file;
        foreach (ValueInfoProto value in values)
        {
            if (value.Type.TensorType.Shape?.Dim.FirstOrDefault() is { } size)
                size.DimValue = batch;
        }

        // What was inferred for another batch is inferred anew.
        model.Graph.ValueInfo.Clear();
        return model.ToByteArray();
    }

    private static long[] SizesOf(NodeMetadata node, int batch) => [batch, .. node.Dimensions[1..]];
}
