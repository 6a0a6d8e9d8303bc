using Microsoft.ML.OnnxRuntime;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

internal static class OnnxRuntime
{
    public static bool TryLoad(int threads, out string said)
    {
        try
        {
            NewOptions(threads).Dispose();
            said = OrtEnv.Instance().GetVersionString();
            return true;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException
            or OnnxRuntimeException)
        {
            said = (e.InnerException ?? e).Message.Split('\n')[0];
            return false;
        }
    }

    public static SessionOptions NewOptions(int threads) => new()
    {
        IntraOpNumThreads = threads,
        InterOpNumThreads = 1,
        ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
    };
}

/// <summary>
/// A convolution in ONNX Runtime: one Conv node, weights packed when the session is made, input and output bound.
/// </summary>
internal sealed unsafe class OnnxRuntimeConv : Contestant
{
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly RunOptions runOptions = new();
    private readonly OrtValue input, result;
    private readonly NativeArray<float> x, y;

    public OnnxRuntimeConv(ConvOperands<float> operands, int threads)
        : base(PeerSet.OnnxRuntime)
    {
        Conv2DShape shape = operands.Shape;
        int batch = operands.Batch;
        using SessionOptions options = OnnxRuntime.NewOptions(threads);
        session = new InferenceSession(OnnxModel.Conv(shape, batch, operands.W, operands.Bias), options);
        x = operands.X;
        y = operands.NewY();
        input = Wrap(x, batch, shape.C, shape.H, shape.W);
        result = Wrap(y, batch, shape.K, shape.P, shape.Q);
        binding = session.CreateIoBinding();
        binding.BindInput("x", input);
        binding.BindOutput("y", result);
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

    private static OrtValue Wrap(NativeArray<float> array, params ReadOnlySpan<long> sizes) =>
        OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance,
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float,
            sizes.ToArray(), (nint)array.Pointer, (long)array.Length * sizeof(float));
}
