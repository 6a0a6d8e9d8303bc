using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Training;

/// <summary>
/// LeNet-5's convolutions as programs on top of a matrix product compute them: the column matrices of all images in memory, one
/// product an image, and columns summed back to images; pooling by plain loops. Products and tanh are the library's.
/// </summary>
internal sealed class Im2ColEngine<T>(Execution execution) : IEngine<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Scale = T.CreateTruncating(LeNetShapes.TanhScale);

    private readonly IndexTable[] tables = [.. LeNetShapes.Convs.Select(shape => new IndexTable(shape))];
    private readonly T[][] filters = [.. LeNetShapes.Convs.Select(shape => new T[shape.WeightCount])];
    private readonly T[][] columns = [.. LeNetShapes.Convs.Select(_ => Array.Empty<T>())];

    public void SetFilter(int conv, ReadOnlySpan<T> weights) => weights.CopyTo(filters[conv]);

    public void ConvForward(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> bias, Span<T> y)
    {
        (int outputs, int rows, int positions) = Sizes(conv);
        for (int plane = 0; plane < batch * outputs; plane++)
            y.Slice(plane * positions, positions).Fill(bias[plane % outputs]);
        Gemm.MultiplyBatched(batch, Transpose.No, Transpose.No, outputs, positions, rows, T.One, filters[conv], rows, 0,
            Unfold(conv, batch, x), positions, rows * positions, T.One, y, positions, outputs * positions, execution);
        Tanh(y[..(batch * outputs * positions)]);
    }

    public void ConvInputGradient(int conv, int batch, ReadOnlySpan<T> dy, Span<T> dx)
    {
        (int outputs, int rows, int positions) = Sizes(conv);
        Span<T> gradients = Columns(conv, batch);
        Gemm.MultiplyBatched(batch, Transpose.Yes, Transpose.No, rows, positions, outputs, T.One, filters[conv], rows, 0,
            dy, positions, outputs * positions, T.Zero, gradients, positions, rows * positions, execution);
        Col2Im.Fold<T>(tables[conv], batch, gradients, ColumnLayout.PerImage(tables[conv]), dx, execution);
    }

    public void ConvWeightGradient(int conv, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dw, Span<T> db)
    {
        (int outputs, int rows, int positions) = Sizes(conv);
        ReadOnlySpan<T> unfolded = Unfold(conv, batch, x);
        db.Clear();
        for (int n = 0; n < batch; n++)
        {
            ReadOnlySpan<T> image = dy.Slice(n * outputs * positions, outputs * positions);
            Gemm.Multiply(Transpose.No, Transpose.Yes, outputs, rows, positions, T.One, image, positions,
                unfolded[(n * rows * positions)..], positions, n == 0 ? T.Zero : T.One, dw, rows, execution);
            for (int k = 0; k < outputs; k++)
            {
                T sum = T.Zero;
                foreach (T gradient in image.Slice(k * positions, positions))
                    sum += gradient;
                db[k] += sum;
            }
        }
    }

    public void PoolForward(int pool, int batch, ReadOnlySpan<T> x, Span<T> y) =>
        ReferencePool2D.Forward(LeNetShapes.Pools[pool], PoolKind.Average, batch, x, y);

    public void PoolBackward(int pool, int batch, ReadOnlySpan<T> dy, Span<T> dx) =>
        ReferencePool2D.Backward(LeNetShapes.Pools[pool], PoolKind.Average, batch, dy, [], dx);

    public void Multiply(
        Transpose transA, Transpose transB, int m, int n, int k, ReadOnlySpan<T> a, ReadOnlySpan<T> b, T beta, Span<T> c) =>
        Gemm.Multiply(transA, transB, m, n, k, T.One, a, transA == Transpose.No ? k : m, b, transB == Transpose.No ? n : k, beta,
            c, n, execution);

    public void Tanh(Span<T> x) => Elementwise.Tanh<T>(x, x, Scale, execution);

    public void TanhGradient(ReadOnlySpan<T> y, Span<T> dy) => Elementwise.TanhGradient<T>(y, dy, dy, Scale, execution);

    private static (int Outputs, int Rows, int Positions) Sizes(int conv)
    {
        Conv2DShape shape = LeNetShapes.Convs[conv];
        return (shape.K, shape.Taps, shape.P * shape.Q);
    }

    private ReadOnlySpan<T> Unfold(int conv, int batch, ReadOnlySpan<T> x)
    {
        Im2Col.Unfold(tables[conv], batch, x, Columns(conv, batch), ColumnLayout.PerImage(tables[conv]), execution);
        return columns[conv];
    }

    /// <summary>Room for a batch's columns, made when a larger one than before is met.</summary>
    private T[] Columns(int conv, int batch)
    {
        int size = batch * tables[conv].Rows * tables[conv].Columns;
        if (columns[conv].Length < size)
            columns[conv] = new T[size];
        return columns[conv];
    }
}
