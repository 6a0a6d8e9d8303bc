using System.Numerics;

namespace SimdConv.Cli.Training;

/// <summary>LeNet-5's layers by the library: every plan made once, every filter packed once a step.</summary>
internal class SimdEngine<T> : IEngine<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Scale = T.CreateTruncating(LeNetShapes.TanhScale);

    private readonly Conv2DPlan<T>[] convs = [.. LeNetShapes.Convs.Select(shape => new Conv2DPlan<T>(shape))];
    private readonly Pool2DPlan<T>[] pools = [.. LeNetShapes.Pools.Select(shape => new Pool2DPlan<T>(shape, PoolKind.Average))];
    private readonly PackedFilter<T>?[] filters = new PackedFilter<T>?[LeNetShapes.Convs.Length];
    public SimdEngine(Execution execution)
    {
        Execution = execution;
    }

    protected Execution Execution { get; }

    public virtual void SetFilter(int conv, ReadOnlySpan<T> weights)
    {
        // The images' gradient is nobody's business: conv 0 is packed for the forward direction alone.
        if (filters[conv] is { } filter)
            convs[conv].Repack(weights, filter);
        else
            filters[conv] = convs[conv].Pack(weights, conv == 0 ? FilterUse.Forward : FilterUse.Both, Execution.Tier);
    }

    public virtual void ConvForward(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> bias, Span<T> y) =>
        convs[conv].Forward(batch, x, FilterOf(conv), y,
            new Epilogue<T> { Bias = bias, Activation = Activation.Tanh, Scale = Scale }, Execution);

    public virtual void ConvInputGradient(int conv, int batch, ReadOnlySpan<T> dy, Span<T> dx) =>
        convs[conv].InputGradient(batch, dy, FilterOf(conv), dx, execution: Execution);

    public virtual void ConvWeightGradient(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db) =>
        convs[conv].WeightGradient(batch, x, dy, dw, db, execution: Execution);

    public virtual void PoolForward(int pool, int batch, ReadOnlySpan<T> x, Span<T> y) => pools[pool].Forward(batch, x, y, Execution);

    public virtual void PoolBackward(int pool, int batch, ReadOnlySpan<T> dy, Span<T> dx) => pools[pool].Backward(batch, dy, dx, Execution);

    public void Multiply(Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, T beta, Span<T> c) =>
        Gemm.Multiply(transA, transB, m, n, k, T.One, a, transA == Transpose.No ? k : m, b, transB == Transpose.No ? n : k, beta, c, n, Execution);

    public void Tanh(Span<T> x) => Elementwise.Tanh<T>(x, x, Scale, Execution);

    public void TanhGradient(ReadOnlySpan<T> y, Span<T> dy) => Elementwise.TanhGradient<T>(y, dy, dy, Scale, Execution);

    private PackedFilter<T> FilterOf(int conv) => filters[conv] ?? throw new InvalidOperationException("SetFilter comes first.");
}
