using Microsoft.ML.OnnxRuntime;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Peers;

/// <summary>A model of one input and one output in ONNX Runtime with all of its optimisations, input and output bound.</summary>
internal sealed class OnnxRuntimeCall : Contestant
{
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly RunOptions runOptions = new();
    private readonly OrtValue input, result;
    private readonly NativeArray<float> x, y;

    public OnnxRuntimeCall(byte[] model, NativeArray<float> x, long[] xSizes, NativeArray<float> y, long[] ySizes, int threads)
        : base(PeerSet.OnnxRuntime)
    {
        using SessionOptions options = OnnxRuntime.NewOptions(threads);
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL;
        session = new InferenceSession(model, options);
        (this.x, this.y) = (x, y);
        input = OnnxRuntime.Wrap(x, xSizes);
        result = OnnxRuntime.Wrap(y, ySizes);
        binding = session.CreateIoBinding();
        binding.BindInput(session.InputNames[0], input);
        binding.BindOutput(session.OutputNames[0], result);
    }

    public override IReadOnlyList<NativeArray> Results() => [y];

    public override void Dispose()
    {
        binding.Dispose();
        input.Dispose();
        result.Dispose();
        runOptions.Dispose();
        session.Dispose();
        GC.KeepAlive(x);
    }

    protected override void Call() => session.RunWithBinding(runOptions, binding);
}
