using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Training;

/// <summary>LeNet-5's layers by plain scalar loops on one thread: what the library's speed is compared with.</summary>
internal sealed class NaiveEngine<T> : IEngine<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Scale = T.CreateTruncating(LeNetShapes.TanhScale);

    private readonly T[][] filters = [.. LeNetShapes.Convs.Select(shape => new T[shape.WeightCount])];

    public void SetFilter(int conv, ReadOnlySpan<T> weights) => weights.CopyTo(filters[conv]);

    public void ConvForward(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> bias, Span<T> y)
    {
        Conv2DShape shape = LeNetShapes.Convs[conv];
        ReferenceConv2D.Forward<T>(shape, batch, x, filters[conv], bias, y);
        Tanh(y[..(batch * shape.K * shape.P * shape.Q)]);
    }

    public void ConvInputGradient(int conv, int batch, ReadOnlySpan<T> dy, Span<T> dx) =>
        ReferenceConv2D.InputGradient<T>(LeNetShapes.Convs[conv], batch, dy, filters[conv], dx);

    public void ConvWeightGradient(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db) =>
        ReferenceConv2D.WeightGradient(LeNetShapes.Convs[conv], batch, x, dy, dw, db);

    public void PoolForward(int pool, int batch, ReadOnlySpan<T> x, Span<T> y) =>
        ReferencePool2D.Forward(LeNetShapes.Pools[pool], PoolKind.Average, batch, x, y);

    public void PoolBackward(int pool, int batch, ReadOnlySpan<T> dy, Span<T> dx) =>
        ReferencePool2D.Backward(LeNetShapes.Pools[pool], PoolKind.Average, batch, dy, [], dx);

    public void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, T beta, Span<T> c) =>
        ReferenceGemm.Multiply(transA, transB, m, n, k, T.One, a, transA == Transpose.No ? k : m, b,
            transB == Transpose.No ? n : k, beta, c, n);

    public void Tanh(Span<T> x)
    {
        foreach (ref T value in x)
            value = Scale * T.Tanh(value);
    }

    public void TanhGradient(ReadOnlySpan<T> y, Span<T> dy)
    {
        for (int i = 0; i < dy.Length; i++)
            dy[i] *= Scale - (y[i] * y[i] / Scale);
    }
}
