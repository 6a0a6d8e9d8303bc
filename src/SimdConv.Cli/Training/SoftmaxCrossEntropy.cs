using System.Numerics;

namespace SimdConv.Cli.Training;

/// <summary>The network's last step: class probabilities, the loss, and the gradient that training starts from.</summary>
internal static class SoftmaxCrossEntropy
{
    /// <summary>
    /// Returns the sum of the images' losses and the number of images whose largest logit is the label's. An image's own maximum
    /// is subtracted before exponentials are taken.
    /// </summary>
    /// <param name="classes">Logits of an image.</param>
    /// <param name="logits">A row a class, a column an image.</param>
    /// <param name="pitch">Elements from one row to the next.</param>
    /// <param name="labels">The classes of the images.</param>
    /// <param name="gradient">Takes the gradient of the loss divided by <paramref name="batch"/>, laid out as logits.</param>
    /// <param name="batch">Images of the whole batch.</param>
    public static (double Loss, int Correct) Evaluate<T>(
        int classes, ReadOnlySpan<T> logits, int pitch, ReadOnlySpan<byte> labels, Span<T> gradient, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double loss = 0;
        int correct = 0;
        T divisor = T.CreateTruncating(batch);
        Span<T> row = stackalloc T[classes], powers = stackalloc T[classes];
        for (int n = 0; n < labels.Length; n++)
        {
            for (int k = 0; k < classes; k++)
                row[k] = logits[(k * pitch) + n];
            (double imageLoss, T sum) = Evaluate(row, labels[n], powers);
            loss += imageLoss;
            correct += IndexOfLargest<T>(row) == labels[n] ? 1 : 0;
            for (int k = 0; k < classes; k++)
                gradient[(k * pitch) + n] = ((powers[k] / sum) - (k == labels[n] ? T.One : T.Zero)) / divisor;
        }

        return (loss, correct);
    }

    /// <summary>The loss of one image.</summary>
    public static double Loss<T>(ReadOnlySpan<T> logits, int label)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Evaluate(logits, label, stackalloc T[logits.Length]).Loss;

    /// <summary>The first of the largest values.</summary>
    public static int IndexOfLargest<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int largest = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[largest])
                largest = i;
        }

        return largest;
    }

    private static (double Loss, T Sum) Evaluate<T>(ReadOnlySpan<T> logits, int label, Span<T> powers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T largest = logits[IndexOfLargest(logits)], sum = T.Zero;
        for (int k = 0; k < logits.Length; k++)
        {
            powers[k] = T.Exp(logits[k] - largest);
            sum += powers[k];
        }

        return (Math.Log(double.CreateTruncating(sum)) - double.CreateTruncating(logits[label] - largest), sum);
    }
}
