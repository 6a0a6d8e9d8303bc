using Microsoft.ML.OnnxRuntime;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

internal static class OnnxRuntimePeer
{
    public static bool TryLoad(int threads, out string? reason)
    {
        try
        {
            OnnxRuntimeConv.Options(threads).Dispose();
            reason = null;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or OnnxRuntimeException)
        {
            reason = (e.InnerException ?? e).Message.Split('\n')[0];
        }

        return reason is null;
    }
}

/// <summary>A convolution in ONNX Runtime: one Conv node, weights packed when the session is made, input and output bound.</summary>
internal sealed unsafe class OnnxRuntimeConv : Contestant
{
    private readonly InferenceSession session;
    private readonly OrtIoBinding binding;
    private readonly RunOptions runOptions = new();
    private readonly OrtValue input, result;
    private readonly NativeArray<float> y;

    public OnnxRuntimeConv(Conv2DShape shape, int batch, NativeArray<float> x, ReadOnlySpan<float> weights, ReadOnlySpan<float> bias, int threads)
        : base("onnxruntime")
    {
        using SessionOptions options = Options(threads);
        session = new InferenceSession(OnnxModel.Conv(shape, batch, weights, bias), options);
        y = new NativeArray<float>((long)batch * shape.K * shape.P * shape.Q);
        input = Wrap(x, batch, shape.C, shape.H, shape.W);
        result = Wrap(y, batch, shape.K, shape.P, shape.Q);
        binding = session.CreateIoBinding();
        binding.BindInput("x", input);
        binding.BindOutput("y", result);
    }

    public static SessionOptions Options(int threads) => new()
    {
        IntraOpNumThreads = threads,
        InterOpNumThreads = 1,
        ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
        LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
    };

    public override IReadOnlyList<double[]> Results() => [RandomData.ToDoubles<float>(y)];

    public override void Dispose()
    {
        binding.Dispose();
        input.Dispose();
        result.Dispose();
        runOptions.Dispose();
        session.Dispose();
        y.Dispose();
    }

    protected override void Call() => session.RunWithBinding(runOptions, binding);

    private static OrtValue Wrap(NativeArray<float> array, params ReadOnlySpan<long> sizes) =>
        OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float,
            sizes.ToArray(), (nint)array.Pointer, (long)array.Length * sizeof(float));
}
