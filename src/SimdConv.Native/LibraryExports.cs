using System.Runtime.InteropServices;

namespace SimdConv.Native;

/// <summary>What the library says of itself, and the operations that need no plan.</summary>
internal static unsafe class LibraryExports
{
    private const int AbiVersion = 1;

    private static readonly byte*[] tierNames = new byte*[Enum.GetValues<SimdTier>().Length];

    private static byte* version;

    [UnmanagedCallersOnly(EntryPoint = "simdconv_version")]
    public static byte* Version()
    {
        try
        {
            // Two threads that come here at the same time make equal texts.
            if (version == null)
                version = (byte*)Marshal.StringToCoTaskMemUTF8(typeof(Gemm).Assembly.GetName().Version!.ToString(3));
            return version;
        }
        catch (Exception exception)
        {
            Errors.Report(exception);
            return Errors.Text(""u8);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_abi_version")]
    public static int Abi() => AbiVersion;

    [UnmanagedCallersOnly(EntryPoint = "simdconv_tier_best")]
    public static int TierBest()
    {
        try
        {
            return (int)SimdSupport.Best;
        }
        catch (Exception exception)
        {
            Errors.Report(exception);
            return -1;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_tier_available")]
    public static int TierAvailable(int tier)
    {
        try
        {
            return SimdSupport.IsAvailable((SimdTier)tier) ? 1 : 0;
        }
        catch (Exception exception)
        {
            Errors.Report(exception);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_tier_name")]
    public static byte* TierName(int tier)
    {
        try
        {
            if (!Enum.IsDefined((SimdTier)tier))
                return Errors.Text(""u8);

            // Two threads that come here at the same time make equal texts.
            if (tierNames[tier] == null)
                tierNames[tier] = (byte*)Marshal.StringToCoTaskMemUTF8(((SimdTier)tier).ToString().ToLowerInvariant());
            return tierNames[tier];
        }
        catch (Exception exception)
        {
            Errors.Report(exception);
            return Errors.Text(""u8);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_tanh")]
    public static int Tanh(int type, long count, void* x, void* y, double scale, void* execution) =>
        Elementwise(type, count, x, y, scale, execution);

    [UnmanagedCallersOnly(EntryPoint = "simdconv_relu")]
    public static int Relu(int type, long count, void* x, void* y, void* execution) =>
        Elementwise(type, count, x, y, null, execution);

    [UnmanagedCallersOnly(EntryPoint = "simdconv_activate")]
    public static int Activate(
        int type, int activation, long count, void* x, void* y, double* alpha, double* beta, void* execution) =>
        Activate(type, activation, count, x, null, y, alpha, beta, execution);

    [UnmanagedCallersOnly(EntryPoint = "simdconv_activate_gradient")]
    public static int ActivateGradient(
        int type, int activation, long count, void* x, void* dy, void* dx, double* alpha, double* beta, void* execution)
    {
        return dy == null && count > 0 ? Errors.Report(Arguments.Error(nameof(dy), "NULL", "a pointer"))
            : Activate(type, activation, count, x, dy, dx, alpha, beta, execution);
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_same_padding")]
    public static int SamePadding(
        long size, long kernel, long stride, long dilation, int isLower, long* before, long* after)
    {
        try
        {
            Arguments.RequirePointer(before);
            Arguments.RequirePointer(after);
            (*before, *after) = Conv2DShape.SamePadding(Arguments.Int(size), Arguments.Int(kernel), Arguments.Int(stride),
                Arguments.Int(dilation), Arguments.Flag(isLower, "is_lower"));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_images_copy")]
    public static int CopyImages(int type, long batch, long channels, long height, long width, void* source, long* from,
        void* target, long* to, void* execution)
    {
        try
        {
            (int n, int c, int h, int w) = (Arguments.Int(batch), Arguments.Int(channels), Arguments.Int(height),
                Arguments.Int(width));
            if (Precision.IsDouble(type, nameof(type)))
                Copy<double>();
            else
                Copy<float>();
            return (int)Status.Ok;

            void Copy<T>()
                where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
                Images.Copy<T>(n, c, h, w, Arguments.Images<T>(source, n, c, h, w, Layout(from)), Layout(from),
                    Arguments.Images<T>(target, n, c, h, w, Layout(to)), Layout(to), NativeExecution.Read(execution));

            ImageLayout Layout(long* strides) => strides == null
                ? ImageLayout.Nchw(c, h, w)
                : new((nint)strides[0], (nint)strides[1], (nint)strides[2], (nint)strides[3]);
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    /// <summary>The function where dy is NULL, else its gradient.</summary>
    private static int Activate(
        int type, int activation, long count, void* x, void* dy, void* y, double* alpha, double* beta, void* execution)
    {
        try
        {
            if (count < 0)
                throw Arguments.Error(nameof(count), count, "0 or more");
            if (Precision.IsDouble(type, nameof(type)))
                Run<double>();
            else
                Run<float>();
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }

        void Run<T>()
            where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        {
            Span<T> source = Arguments.Elements<T>(x, count), target = Arguments.Elements<T>(y, count);
            T? first = Arguments.Optional<T>(alpha), second = Arguments.Optional<T>(beta);
            if (dy == null)
                SimdConv.Elementwise.Activate((Activation)activation, source, target, first, second,
                    NativeExecution.Read(execution));
            else
                SimdConv.Elementwise.ActivateGradient((Activation)activation, source, Arguments.Elements<T>(dy, count), target,
                    first, second, NativeExecution.Read(execution));
        }
    }

    private static int Elementwise(int type, long count, void* x, void* y, double? scale, void* execution)
    {
        try
        {
            if (count < 0)
                throw Arguments.Error(nameof(count), count, "0 or more");
            if (Precision.IsDouble(type, nameof(type)))
                Apply(Arguments.Elements<double>(x, count), Arguments.Elements<double>(y, count), scale);
            else
                Apply(Arguments.Elements<float>(x, count), Arguments.Elements<float>(y, count), (float?)scale);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }

        void Apply<T>(Span<T> source, Span<T> target, T? factor)
            where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        {
            if (factor is { } tanhScale)
                SimdConv.Elementwise.Tanh(source, target, tanhScale, NativeExecution.Read(execution));
            else
                SimdConv.Elementwise.Relu<T>(source, target, NativeExecution.Read(execution));
        }
    }
}
