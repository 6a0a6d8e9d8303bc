using System.Numerics;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Training;

/// <summary>
/// LeNet-5 layer by layer over the whole batch, each layer by an engine's loops, with images one after the other as most programs
/// keep them.
/// </summary>
internal sealed class LayerwiseLeNet5<T> : LeNet5<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IEngine<T> engine;

    // The result of each layer and its gradient; results of convolutions and dense layers include their tanh.
    private readonly T[] conv1, pool1, conv2, pool2, hidden1, hidden2, logits;
    private readonly T[] dConv1, dPool1, dConv2, dPool2, dHidden1, dHidden2, dLogits;

    public LayerwiseLeNet5(IEngine<T> engine, int maxBatch)
        : base(maxBatch)
    {
        this.engine = engine;
        (conv1, dConv1) = Pair(6 * 28 * 28);
        (pool1, dPool1) = Pair(6 * 14 * 14);
        (conv2, dConv2) = Pair(16 * 10 * 10);
        (pool2, dPool2) = Pair(400);
        (hidden1, dHidden1) = Pair(120);
        (hidden2, dHidden2) = Pair(84);
        (logits, dLogits) = Pair(DigitSet.Classes);

        (T[], T[]) Pair(int size) => (new T[size * maxBatch], new T[size * maxBatch]);
    }

    public override ReadOnlySpan<T> Forward(int batch, ReadOnlySpan<T> images)
    {
        if (TakeChange())
        {
            engine.SetFilter(0, Weights(0));
            engine.SetFilter(1, Weights(1));
        }

        engine.ConvForward(0, batch, images, Bias(0), conv1);
        engine.PoolForward(0, batch, conv1, pool1);
        engine.ConvForward(1, batch, pool1, Bias(1), conv2);
        engine.PoolForward(1, batch, conv2, pool2);
        DenseForward(0, batch, pool2, hidden1);
        engine.Tanh(hidden1.AsSpan(0, batch * 120));
        DenseForward(1, batch, hidden1, hidden2);
        engine.Tanh(hidden2.AsSpan(0, batch * 84));
        DenseForward(2, batch, hidden2, logits);
        return logits.AsSpan(0, batch * DigitSet.Classes);
    }

    public override (double Loss, int Correct) Train(ReadOnlySpan<T> images, ReadOnlySpan<byte> labels, Adam<T>? optimizer = null)
    {
        int batch = labels.Length;
        (double, int) result = SoftmaxCrossEntropy.Evaluate(Forward(batch, images), labels, DigitSet.Classes, dLogits, batch);

        DenseBackward(2, batch, hidden2, dLogits, dHidden2);
        engine.TanhGradient(hidden2.AsSpan(0, batch * 84), dHidden2.AsSpan(0, batch * 84));
        DenseBackward(1, batch, hidden1, dHidden2, dHidden1);
        engine.TanhGradient(hidden1.AsSpan(0, batch * 120), dHidden1.AsSpan(0, batch * 120));
        DenseBackward(0, batch, pool2, dHidden1, dPool2);

        engine.PoolBackward(1, batch, dPool2, dConv2);
        engine.TanhGradient(conv2.AsSpan(0, batch * 1600), dConv2.AsSpan(0, batch * 1600));
        engine.ConvWeightGradient(1, batch, pool1, dConv2, WeightGradient(1), BiasGradient(1));
        engine.ConvInputGradient(1, batch, dConv2, dPool1);

        engine.PoolBackward(0, batch, dPool1, dConv1);
        engine.TanhGradient(conv1.AsSpan(0, batch * 4704), dConv1.AsSpan(0, batch * 4704));
        engine.ConvWeightGradient(0, batch, images, dConv1, WeightGradient(0), BiasGradient(0));
        optimizer?.Begin();
        optimizer?.Update(0, Parameters, Gradients, EditParameters());
        return result;
    }

    private void DenseForward(int layer, int batch, ReadOnlySpan<T> x, Span<T> y)
    {
        (int inputs, int outputs) = LeNetShapes.Dense[layer];
        ReadOnlySpan<T> bias = Bias(2 + layer);
        for (int n = 0; n < batch; n++)
            bias.CopyTo(y[(n * outputs)..]);
        engine.Multiply(Transpose.No, Transpose.Yes, batch, outputs, inputs, x, Weights(2 + layer), T.One, y);
    }

    private void DenseBackward(int layer, int batch, ReadOnlySpan<T> x, ReadOnlySpan<T> dy, Span<T> dx)
    {
        (int inputs, int outputs) = LeNetShapes.Dense[layer];
        engine.Multiply(Transpose.Yes, Transpose.No, outputs, inputs, batch, dy, x, T.Zero, WeightGradient(2 + layer));
        Span<T> db = BiasGradient(2 + layer);
        db.Clear();
        for (int n = 0; n < batch; n++)
            Interleaved.Add(dy.Slice(n * outputs, outputs), db);

        engine.Multiply(Transpose.No, Transpose.No, batch, inputs, outputs, dy, Weights(2 + layer), T.Zero, dx);
    }
}
