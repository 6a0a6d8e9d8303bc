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

    /// <summary>A convolution: one Conv node, its weights packed when the session is made.</summary>
    public static Contestant Conv(ConvOperands<float> operands, int threads)
    {
        Conv2DShape s = operands.Shape;
        return new OnnxRuntimeCall(OnnxModel.Conv(s, operands.Batch, operands.W, operands.Bias), operands.X,
            [operands.Batch, s.C, s.H, s.W], operands.NewY(), [operands.Batch, s.K, s.P, s.Q], threads);
    }

    /// <summary>A pooling: one node; null where ONNX can't say it, or means something else.</summary>
    public static Contestant? Pool(PoolOperands<float> operands, int threads)
    {
        Pool2DShape s = operands.Shape;
        bool isInside = Math.Max(s.PadTop, s.PadBottom) < s.R && Math.Max(s.PadLeft, s.PadRight) < s.S;
        return s.CeilMode || s.DivisorOverride is not null || !isInside ? null
            : new OnnxRuntimeCall(OnnxModel.Pool(s, operands.Kind, operands.Batch), operands.X,
                [operands.Batch, s.C, s.H, s.W], operands.NewY(), [operands.Batch, s.C, s.P, s.Q], threads);
    }

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
