using System.Numerics;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>A plan that C holds: the type of its elements is behind the virtual calls.</summary>
internal abstract unsafe class NativePool(Pool2DShape shape)
{
    public Pool2DShape Shape { get; } = shape;

    public abstract long WinnerBytes(int batch);

    public abstract void Forward(int batch, void* x, void* y, byte* winners, Execution execution);

    public abstract void Backward(int batch, void* dy, byte* winners, void* dx, Execution execution);

    public abstract void Indices(int batch, byte* winners, long* indices);
}

/// <summary>A plan of one element type.</summary>
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
