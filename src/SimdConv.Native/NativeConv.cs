using System.Numerics;
using System.Runtime.CompilerServices;
using static SimdConv.Native.Arguments;

namespace SimdConv.Native;

/// <summary>A plan that C holds: the type of its elements is behind the virtual calls.</summary>
internal abstract unsafe class NativeConv(Conv2DShape shape)
{
    public Conv2DShape Shape { get; } = shape;

    public abstract (long Input, long Output) Lengths(int batch);

    public abstract long WorkspaceBytes(ConvDirection direction, int batch, Execution execution);

    public abstract NativeFilter Pack(void* weights, FilterUse use, SimdTier? tier);

    public abstract void Repack(void* weights, NativeFilter filter);

    /// <summary>Refuses what <see cref="Save"/> couldn't write, before there is a file.</summary>
    public abstract void RequireOwn(NativeFilter filter, void* weights);

    /// <summary>Writes a filter; without the weights where they are NULL.</summary>
    public abstract void Save(NativeFilter filter, void* weights, Stream destination);

    public abstract NativeFilter Load(PackedFile file, int index, FilterUse use, SimdTier? tier);

    public abstract void Forward(
        int batch, void* x, NativeFilter? filter, void* weights, void* y, in EpilogueDescriptor epilogue, Execution execution);

    public abstract void InputGradient(
        int batch, void* dy, NativeFilter? filter, void* weights, void* dx, double beta, Execution execution);

    public abstract void WeightGradient(int batch, void* x, void* dy, void* dw, void* db, double beta, Execution execution);

    public abstract void Columns(int batch, void* x, void* columns, ColumnLayout layout, bool fold, Execution execution);
}

/// <summary>A plan of one element type.</summary>
internal sealed unsafe class NativeConv<T> : NativeConv
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Conv2DPlan<T> plan;
    private IndexTable? table;

    public NativeConv(in ConvDescriptor desc)
        : base(desc.Shape) => plan = new(Shape, Layout(desc.X), Layout(desc.Y));

    // Made at its first use, since most plans unfold nothing. Two threads that come here at the same time make equal tables.
    private IndexTable Table => table ??= new(Shape);

    public override (long Input, long Output) Lengths(int batch) => (plan.InputLength(batch), plan.OutputLength(batch));

    public override long WorkspaceBytes(ConvDirection direction, int batch, Execution execution) =>
        plan.WorkspaceBytes(direction, batch, execution);

    public override NativeFilter Pack(void* weights, FilterUse use, SimdTier? tier) =>
        new NativeFilter<T>(plan.Pack(Weights(weights), use, tier));

    public override void RequireOwn(NativeFilter filter, void* weights)
    {
        Own(filter);
        if (weights != null)
            Weights(weights);
    }

    public override void Save(NativeFilter filter, void* weights, Stream destination) =>
        Own(filter).Save(destination, weights == null ? [] : Weights(weights));

    public override NativeFilter Load(PackedFile file, int index, FilterUse use, SimdTier? tier) =>
        new NativeFilter<T>(plan.Load(file, index, use, tier));

    public override void Repack(void* weights, NativeFilter filter) => plan.Repack(Weights(weights), Own(filter));

    public override void Forward(
        int batch, void* x, NativeFilter? filter, void* weights, void* y, in EpilogueDescriptor epilogue, Execution execution)
    {
        Epilogue<T> fused = new()
        {
            Bias = epilogue.Bias == null ? [] : Elements<T>(epilogue.Bias, Shape.K),
            Residual = epilogue.Residual == null ? [] : Elements<T>(epilogue.Residual, plan.OutputLength(batch)),
            AddsResidualLast = Flag(epilogue.AddsResidualLast, "epilogue.adds_residual_last"),
            Activation = (Activation)epilogue.Activation,
            Scale = Real<T>(epilogue.Scale),
            Slope = Real<T>(epilogue.Slope),
            Alpha = Optional<T>(epilogue.Alpha),
            Beta = Optional<T>(epilogue.Beta),
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
