using System.Numerics;
using System.Runtime.InteropServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>Pooling for C.</summary>
internal static unsafe class PoolExports
{
    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_create")]
    public static int Create(void* desc, nint* plan)
    {
        try
        {
            RequirePointer(plan);
            PoolDescriptor read = Descriptor(desc, default(PoolDescriptor), sizeof(PoolDescriptor), nameof(desc));
            *plan = Handles.Add(Precision.IsDouble(read.Type, "desc.type")
                ? new NativePool<double>(read)
                : new NativePool<float>(read));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_destroy")]
    public static int Destroy(nint plan) => ConvExports.Remove<NativePool>(plan, nameof(plan));

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_output_size")]
    public static int OutputSize(nint plan, long* p, long* q)
    {
        try
        {
            Pool2DShape shape = Handles.Get<NativePool>(plan, nameof(plan)).Shape;
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

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_winner_bytes")]
    public static int WinnerBytes(nint plan, long batch, long* bytes)
    {
        try
        {
            NativePool pool = Handles.Get<NativePool>(plan, nameof(plan));
            RequirePointer(bytes);
            *bytes = pool.WinnerBytes(Int(batch));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_forward")]
    public static int Forward(nint plan, long batch, void* x, void* y, byte* winners, void* execution)
    {
        try
        {
            Handles.Get<NativePool>(plan, nameof(plan)).Forward(Int(batch), x, y, winners, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_backward")]
    public static int Backward(nint plan, long batch, void* dy, byte* winners, void* dx, void* execution)
    {
        try
        {
            Handles.Get<NativePool>(plan, nameof(plan)).Backward(Int(batch), dy, winners, dx, NativeExecution.Read(execution));
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "simdconv_pool2d_indices")]
    public static int Indices(nint plan, long batch, byte* winners, long* indices)
    {
        try
        {
            Handles.Get<NativePool>(plan, nameof(plan)).Indices(Int(batch), winners, indices);
            return (int)Status.Ok;
        }
        catch (Exception exception)
        {
            return Errors.Report(exception);
        }
    }
}

/// <summary>simdconv_pool2d_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PoolDescriptor
{
    public nuint StructSize;
    public int Type, Kind;
    public long C, H, W, R, S;
    public long StrideH, StrideW;
    public long PadTop, PadLeft, PadBottom, PadRight;
    public long DilationH, DilationW;
    public int CeilMode, CountIncludePad;
    public long DivisorOverride;
    public Strides X, Y;

    public readonly Pool2DShape Shape => new(Size(C), Size(H), Size(W), Size(R), Size(S))
    {
        StrideH = Size(StrideH),
        StrideW = Size(StrideW),
        PadTop = Size(PadTop),
        PadLeft = Size(PadLeft),
        PadBottom = Size(PadBottom),
        PadRight = Size(PadRight),
        DilationH = Size(DilationH),
        DilationW = Size(DilationW),
        CeilMode = Flag(CeilMode, "shape.CeilMode"),
        CountIncludePad = Flag(CountIncludePad, "shape.CountIncludePad"),
        DivisorOverride = DivisorOverride == 0 ? null : Size(DivisorOverride),
    };
}

/// <summary>A plan that C holds: the type of its elements is behind the virtual calls.</summary>
internal abstract unsafe class NativePool(Pool2DShape shape)
{
    public Pool2DShape Shape { get; } = shape;

    public abstract long WinnerBytes(int batch);

    public abstract void Forward(int batch, void* x, void* y, byte* winners, Execution execution);

    public abstract void Backward(int batch, void* dy, byte* winners, void* dx, Execution execution);

    public abstract void Indices(int batch, byte* winners, long* indices);
}

/// <summary>The same, of its type.</summary>
internal sealed unsafe class NativePool<T> : NativePool
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Pool2DPlan<T> plan;

    public NativePool(in PoolDescriptor desc)
        : base(desc.Shape) => plan = new(Shape, (PoolKind)desc.Kind, Layout(desc.X), Layout(desc.Y));

    public override long WinnerBytes(int batch) => plan.WinnerBytes(batch);

    public override void Forward(int batch, void* x, void* y, byte* winners, Execution execution)
    {
        Span<T> source = Elements<T>(x, plan.InputLength(batch)), target = Elements<T>(y, plan.OutputLength(batch));
        if (winners == null)
            plan.Forward(batch, source, target, execution);
        else
            plan.Forward(batch, source, target, Elements<byte>(winners, plan.WinnerBytes(batch)), execution);
    }

    public override void Backward(int batch, void* dy, byte* winners, void* dx, Execution execution)
    {
        Span<T> source = Elements<T>(dy, plan.OutputLength(batch)), target = Elements<T>(dx, plan.InputLength(batch));
        if (plan.Kind == PoolKind.Average && winners == null)
            plan.Backward(batch, source, target, execution);
        else
            plan.Backward(batch, source, Elements<byte>(winners, plan.WinnerBytes(batch)), target, execution);
    }

    public override void Indices(int batch, byte* winners, long* indices)
    {
        long bytes = plan.WinnerBytes(batch);
        plan.Indices(batch, Elements<byte>(winners, bytes), Elements<long>(indices, batch * (long)Shape.C * Shape.P * Shape.Q));
    }
}
