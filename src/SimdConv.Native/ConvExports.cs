using System.Numerics;
using System.Runtime.CompilerServices;
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
                : Descriptor(epilogue, EpilogueDescriptor.Default, sizeof(EpilogueDescriptor), nameof(epilogue));
            if (read.Reserved != 0)
                throw Error("epilogue.reserved", read.Reserved, "0");
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

/// <summary>simdconv_conv2d_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ConvDescriptor
{
    public nuint StructSize;
    public int Type, Reserved;
    public long C, H, W, K, R, S;
    public long StrideH, StrideW;
    public long PadTop, PadLeft, PadBottom, PadRight;
    public long DilationH, DilationW;
    public long Groups;
    public Strides X, Y;

    public readonly Conv2DShape Shape => new(Size(C), Size(H), Size(W), Size(K), Size(R), Size(S))
    {
        StrideH = Size(StrideH),
        StrideW = Size(StrideW),
        PadTop = Size(PadTop),
        PadLeft = Size(PadLeft),
        PadBottom = Size(PadBottom),
        PadRight = Size(PadRight),
        DilationH = Size(DilationH),
        DilationW = Size(DilationW),
        Groups = Size(Groups),
    };
}

/// <summary>simdconv_epilogue.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct EpilogueDescriptor
{
    public nuint StructSize;
    public void* Bias, Residual;
    public int Activation, Reserved;
    public double Scale, Slope;

    public static EpilogueDescriptor Default => new() { Scale = 1, Slope = 0.01 };
}

/// <summary>A packed filter that C holds.</summary>
internal abstract class NativeFilter;

/// <summary>The same, of its type.</summary>
internal sealed class NativeFilter<T>(PackedFilter<T> packed) : NativeFilter
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public PackedFilter<T> Packed { get; } = packed;
}

/// <summary>A plan that C holds: the type of its elements is behind the virtual calls.</summary>
internal abstract unsafe class NativeConv(Conv2DShape shape)
{
    public Conv2DShape Shape { get; } = shape;

    public abstract (long Input, long Output) Lengths(int batch);

    public abstract long WorkspaceBytes(ConvDirection direction, int batch, Execution execution);

    public abstract NativeFilter Pack(void* weights, FilterUse use, SimdTier? tier);

    public abstract void Repack(void* weights, NativeFilter filter);

    public abstract void Forward(
        int batch, void* x, NativeFilter? filter, void* weights, void* y, in EpilogueDescriptor epilogue, Execution execution);

    public abstract void InputGradient(
        int batch, void* dy, NativeFilter? filter, void* weights, void* dx, double beta, Execution execution);

    public abstract void WeightGradient(int batch, void* x, void* dy, void* dw, void* db, double beta, Execution execution);

    public abstract void Columns(int batch, void* x, void* columns, ColumnLayout layout, bool fold, Execution execution);
}

/// <summary>The same, of its type.</summary>
internal sealed unsafe class NativeConv<T> : NativeConv
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Conv2DPlan<T> plan;
    private IndexTable? table;

    public NativeConv(in ConvDescriptor desc)
        : base(desc.Shape) => plan = new(Shape, Layout(desc.X), Layout(desc.Y));

    // Made on first use: most plans unfold nothing. Two threads at once make equal ones.
    private IndexTable Table => table ??= new(Shape);

    public override (long Input, long Output) Lengths(int batch) => (plan.InputLength(batch), plan.OutputLength(batch));

    public override long WorkspaceBytes(ConvDirection direction, int batch, Execution execution) =>
        plan.WorkspaceBytes(direction, batch, execution);

    public override NativeFilter Pack(void* weights, FilterUse use, SimdTier? tier) =>
        new NativeFilter<T>(plan.Pack(Weights(weights), use, tier));

    public override void Repack(void* weights, NativeFilter filter) => plan.Repack(Weights(weights), Own(filter));

    public override void Forward(
        int batch, void* x, NativeFilter? filter, void* weights, void* y, in EpilogueDescriptor epilogue, Execution execution)
    {
        Epilogue<T> fused = new()
        {
            Bias = epilogue.Bias == null ? [] : Elements<T>(epilogue.Bias, Shape.K),
            Residual = epilogue.Residual == null ? [] : Elements<T>(epilogue.Residual, plan.OutputLength(batch)),
            Activation = (Activation)epilogue.Activation,
            Scale = Real<T>(epilogue.Scale),
            Slope = Real<T>(epilogue.Slope),
        };
        Span<T> source = Elements<T>(x, plan.InputLength(batch)), target = Elements<T>(y, plan.OutputLength(batch));
        if (filter is null)
            plan.Forward(batch, source, Weights(weights), target, fused, execution);
        else
            plan.Forward(batch, source, Own(filter), target, fused, execution);
    }

    public override void InputGradient(
        int batch, void* dy, NativeFilter? filter, void* weights, void* dx, double beta, Execution execution)
    {
        Span<T> source = Elements<T>(dy, plan.OutputLength(batch)), target = Elements<T>(dx, plan.InputLength(batch));
        if (filter is null)
            plan.InputGradient(batch, source, Weights(weights), target, Real<T>(beta), execution);
        else
            plan.InputGradient(batch, source, Own(filter), target, Real<T>(beta), execution);
    }

    public override void WeightGradient(int batch, void* x, void* dy, void* dw, void* db, double beta, Execution execution) =>
        plan.WeightGradient(
            batch, Elements<T>(x, plan.InputLength(batch)), Elements<T>(dy, plan.OutputLength(batch)), Weights(dw, nameof(dw)),
            db == null ? [] : Elements<T>(db, Shape.K), Real<T>(beta), execution);

    public override void Columns(int batch, void* x, void* columns, ColumnLayout layout, bool fold, Execution execution)
    {
        if (Shape.Groups != 1)
            throw Error("desc.groups", Shape.Groups, "1: the columns of groups are those of a convolution each");
        long pixels = (long)batch * Shape.C * Shape.H * Shape.W;
        long elements = batch <= 0 || (Table.Rows > 1 && layout.Ld < 0) || (batch > 1 && layout.ImageStride < 0)
            ? 0
            : checked(((batch - 1) * (long)layout.ImageStride) + ((Table.Rows - 1) * (long)layout.Ld) + Table.Columns);
        Span<T> images = Elements<T>(x, pixels), matrix = Elements<T>(columns, elements);
        if (fold)
            SimdConv.Col2Im.Fold(Table, batch, matrix, layout, images, execution);
        else
            SimdConv.Im2Col.Unfold(Table, batch, images, matrix, layout, execution);
    }

    private Span<T> Weights(void* weights, [CallerArgumentExpression(nameof(weights))] string argument = "") =>
        Elements<T>(weights, Shape.WeightCount, argument);

    private static PackedFilter<T> Own(NativeFilter filter) =>
        filter is NativeFilter<T> own
        ? own.Packed
        : throw Error(nameof(filter), "of another type", "one that this plan has packed");
}
