using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Peers;

internal static unsafe class OnnxRuntime
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

    public static OrtValue Wrap<T>(NativeArray<T> array, params ReadOnlySpan<long> sizes)
        where T : unmanaged, INumberBase<T> =>
        OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance,
            typeof(T) == typeof(float) ? TensorElementType.Float : TensorElementType.Double,
            sizes.ToArray(), (nint)array.Pointer, (long)array.Length * Tolerances.SizeOf<T>());

    /// <summary>Loads a network from its file; the call runs it on an image of zeros.</summary>
    public static Action Inference(string path, int threads)
    {
        using SessionOptions options = NewOptions(threads);
        InferenceSession session = new(path, options);
        (string input, string result) = (session.InputNames[0], session.OutputNames[0]);
        OrtValue x = Zeros(session.InputMetadata[input]), y = Zeros(session.OutputMetadata[result]);
        RunOptions runOptions = new();
        return () => session.Run(runOptions, [input], [x], [result], [y]);

        static OrtValue Zeros(NodeMetadata node)
        {
            long[] sizes = [1, .. node.Dimensions[1..]];
            return OrtValue.CreateTensorValueFromMemory(new float[sizes.Aggregate(1L, (a, b) => a * b)], sizes);
        }
    }
}

/// <summary>
/// A convolution in ONNX Runtime: one Conv node, weights packed when the session is made, input and output bound.
/// </summary>
internal sealed class OnnxRuntimeConv : Contestant
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
        input = OnnxRuntime.Wrap(x, batch, shape.C, shape.H, shape.W);
        result = OnnxRuntime.Wrap(y, batch, shape.K, shape.P, shape.Q);
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
}
