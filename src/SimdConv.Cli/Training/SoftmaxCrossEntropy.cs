using System.Numerics;

namespace SimdConv.Cli.Training;

/// <summary>The network's last step: class probabilities, the loss, and the gradient that training starts from.</summary>
internal static class SoftmaxCrossEntropy
{
    /// <summary>
    /// Returns the sum of the rows' losses and the number of rows whose largest logit is the label's. A row's own maximum is
    /// subtracted before exponentials are taken. If <paramref name="gradient"/> is not empty it receives the gradient of the loss
    /// divided by <paramref name="batch"/>.
    /// </summary>
    public static (double Loss, int Correct) Evaluate<T>(
        ReadOnlySpan<T> logits, ReadOnlySpan<byte> labels, int classes, Span<T> gradient, int batch = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double loss = 0;
        int correct = 0;
        Span<T> powers = stackalloc T[classes];
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<T> row = logits.Slice(i * classes, classes);
            int label = labels[i], largest = IndexOfLargest(row);
            if (largest == label)
                correct++;
            T sum = T.Zero;
            for (int k = 0; k < classes; k++)
            {
                powers[k] = T.Exp(row[k] - row[largest]);
                sum += powers[k];
            }

            loss += Math.Log(double.CreateTruncating(sum)) - double.CreateTruncating(row[label] - row[largest]);
            if (gradient.IsEmpty)
                continue;
            T divisor = T.CreateTruncating(batch);
            for (int k = 0; k < classes; k++)
                gradient[(i * classes) + k] = ((powers[k] / sum) - (k == label ? T.One : T.Zero)) / divisor;
        }

        return (loss, correct);
    }

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
}
