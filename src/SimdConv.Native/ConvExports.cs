using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>Convolution, im2col and col2im for C.</summary>
internal static unsafe class ConvExports
{
    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_create")]
    public static int Create(void* desc, nint* plan)
    {
        try
        {
            RequirePointer(plan);
            ConvDescriptor read = Descriptor(desc, default(ConvDescriptor), sizeof(ConvDescriptor), nameof(desc));
            if (read.Reserved != 0)
                throw Error("desc.reserved", read.Reserved, "0");
            *plan = Handles.Add(Precision.IsDouble(read.Type, "desc.type")
                ? new NativeConv<double>(read)
                : new NativeConv<float>(read));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_destroy")]
    public static int Destroy(nint plan) => Remove<NativeConv>(plan, nameof(plan));

    [UnmanagedCallersOnly(EntryPoint = "simdconv_filter_destroy")]
    public static int DestroyFilter(nint filter) => Remove<NativeFilter>(filter, nameof(filter));

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_output_size")]
    public static int OutputSize(nint plan, long* p, long* q)
    {
        try
        {
            Conv2DShape shape = Handles.Get<NativeConv>(plan, nameof(plan)).Shape;
            RequirePointer(p);
            RequirePointer(q);
            (*p, *q) = (shape.P, shape.Q);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_lengths")]
    public static int Lengths(nint plan, long batch, long* x, long* weights, long* y)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            (long input, long output) = conv.Lengths(Int(batch));
            if (x != null)
                *x = input;
            if (weights != null)
                *weights = conv.Shape.WeightCount;
            if (y != null)
                *y = output;
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_workspace")]
    public static int Workspace(nint plan, int direction, long batch, void* execution, long* bytes)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            RequirePointer(bytes);
            *bytes = conv.WorkspaceBytes((ConvDirection)direction, Int(batch), NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_pack")]
    public static int Pack(nint plan, void* weights, int use, int tier, nint* filter)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            RequirePointer(filter);
            *filter = Handles.Add(conv.Pack(weights, (FilterUse)use, NativeExecution.ReadTier(tier, nameof(tier))));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_repack")]
    public static int Repack(nint plan, void* weights, nint filter)
    {
        try
        {
            Handles.Get<NativeConv>(plan, nameof(plan)).Repack(weights, Handles.Get<NativeFilter>(filter, nameof(filter)));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_forward")]
    public static int Forward(
        nint plan, long batch, void* x, nint filter, void* weights, void* y, void* epilogue, void* execution)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            EpilogueDescriptor read = epilogue == null
                ? EpilogueDescriptor.Default
                : Descriptor(epilogue, EpilogueDescriptor.Default, EpilogueDescriptor.Oldest, nameof(epilogue));
            conv.Forward(Int(batch), x, OneOf(filter, weights), weights, y, read, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_input_gradient")]
    public static int InputGradient(
        nint plan, long batch, void* dy, nint filter, void* weights, void* dx, double beta, void* execution)
    {
        try
        {
            NativeConv conv = Handles.Get<NativeConv>(plan, nameof(plan));
            conv.InputGradient(Int(batch), dy, OneOf(filter, weights), weights, dx, beta, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_conv2d_weight_gradient")]
    public static int WeightGradient(nint plan, long batch, void* x, void* dy, void* dw, void* db, double beta, void* execution)
    {
        try
        {
            Handles.Get<NativeConv>(plan, nameof(plan))
                .WeightGradient(Int(batch), x, dy, dw, db, beta, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_im2col")]
    public static int Im2Col(nint plan, long batch, void* x, void* columns, long ld, long imageStride, void* execution) =>
        Columns(plan, batch, x, columns, ld, imageStride, fold: false, execution);

    [UnmanagedCallersOnly(EntryPoint = "simdconv_col2im")]
    public static int Col2Im(nint plan, long batch, void* columns, long ld, long imageStride, void* x, void* execution) =>
        Columns(plan, batch, x, columns, ld, imageStride, fold: true, execution);

    private static int Columns(
        nint plan, long batch, void* x, void* columns, long ld, long imageStride, bool fold, void* execution)
    {
        try
        {
            Handles.Get<NativeConv>(plan, nameof(plan))
                .Columns(Int(batch), x, columns, new((nint)ld, (nint)imageStride), fold, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    internal static int Remove<T>(nint handle, string argument)
        where T : class
    {
        try
        {
            Handles.Remove<T>(handle, argument);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    /// <summary>The packed filter of a call that has either that or plain weights.</summary>
    private static NativeFilter? OneOf(nint filter, void* weights) => (filter != 0) != (weights != null)
        ? filter == 0 ? null : Handles.Get<NativeFilter>(filter, nameof(filter))
        : throw Error(nameof(weights), weights == null ? "NULL, and so is filter" : "given, and so is filter", "one of the two");
}
