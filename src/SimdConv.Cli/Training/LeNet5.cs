using System.Numerics;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Training;

/// <summary>
/// LeNet-5: conv 6@5x5, tanh, average pool, conv 16@5x5, tanh, average pool, 400 - 120 - 84 - 10 with tanh between, softmax
/// with cross entropy; tanh is 1.7159 tanh(x). All buffers are made once, for the largest batch.
/// </summary>
internal abstract class LeNet5<T>(int maxBatch)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] gradients = new T[LeNetParameters.Count];
    private T[] parameters = new T[LeNetParameters.Count], spare = new T[LeNetParameters.Count];
    private bool isChanged = true;

    public int MaxBatch { get; } = maxBatch;

    public ReadOnlySpan<T> Parameters => parameters;

    /// <summary>The gradient of the batch's mean loss with respect to <see cref="Parameters"/>.</summary>
    public ReadOnlySpan<T> Gradients => gradients;

    /// <summary>The parameters to change: the next batch sees what was written.</summary>
    public Span<T> EditParameters()
    {
        isChanged = true;
        return parameters;
    }

    /// <summary>Returns the logits of a batch, <see cref="DigitSet.Classes"/> an image.</summary>
    public abstract ReadOnlySpan<T> Forward(int batch, ReadOnlySpan<T> images);

    /// <summary>
    /// Runs a batch in both directions; <see cref="Gradients"/> then holds the gradients of its mean loss, and parameters have
    /// been updated by <paramref name="optimizer"/>, if there is one.
    /// </summary>
    public abstract (double Loss, int Correct) Train(
        ReadOnlySpan<T> images, ReadOnlySpan<byte> labels, Adam<T>? optimizer = null);

    /// <summary>Whether parameters have been edited since this property was last read.</summary>
    protected bool TakeChange()
    {
        bool was = isChanged;
        isChanged = false;
        return was;
    }

    protected ReadOnlySpan<T> Weights(int layer) => Part(parameters, LeNetParameters.Weights[layer]);

    protected ReadOnlySpan<T> Bias(int layer) => Part(parameters, LeNetParameters.Biases[layer]);

    protected Span<T> WeightGradient(int layer) => Part(gradients, LeNetParameters.Weights[layer]);

    /// <summary>Where all parameters of the next step go, to be taken by <see cref="TakeUpdate"/>.</summary>
    protected Span<T> UpdatedParameters => spare;

    protected void TakeUpdate()
    {
        (parameters, spare) = (spare, parameters);
        isChanged = true;
    }

    protected Span<T> GradientsToEdit => gradients;

    protected Span<T> BiasGradient(int layer) => Part(gradients, LeNetParameters.Biases[layer]);

    private static Span<T> Part(T[] all, (int Start, int Count) part) => all.AsSpan(part.Start, part.Count);
}
