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
