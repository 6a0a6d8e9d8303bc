using System.Numerics;
using System.Numerics.Tensors;

namespace SimdConv.Cli.Training;

/// <summary>Adam (Kingma and Ba, 2015) with its bias correction.</summary>
/// <remarks>
/// Every operation is rounded on its own, so that results depend on no width of registers.
/// </remarks>
internal sealed class Adam<T>(int count, double learningRate = 1e-3)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    // Parameters at a time: few enough that all that is computed of them stays in the nearest cache.
    private const int Block = 1024;

    private readonly T[] first = new T[count], second = new T[count], change = new T[Block], root = new T[Block];
    private double power1 = 1, power2 = 1;

    /// <summary>The running means of gradients and of their squares.</summary>
    public (T[] First, T[] Second) Moments => (first, second);

    /// <summary>Becomes what another optimizer was after some steps.</summary>
    public void Restore(long steps, ReadOnlySpan<T> firstMoments, ReadOnlySpan<T> secondMoments)
    {
        firstMoments.CopyTo(first);
        secondMoments.CopyTo(second);
        (power1, power2) = (1, 1);
        // One by one, as Update multiplies them, so that they are the same bits; after so many they have become 0.
        for (long step = 0; step < steps && power2 > 0; step++)
            (power1, power2) = (power1 * Beta1, power2 * Beta2);
    }

    /// <summary>Makes a step: p -= rate * (m / c1) / (sqrt(v / c2) + epsilon), the corrections c taken out of the loop.</summary>
    /// <param name="parameters">Changed.</param>
    /// <param name="gradients">The gradient with respect to each.</param>
    public void Update(Span<T> parameters, ReadOnlySpan<T> gradients)
    {
        power1 *= Beta1;
        power2 *= Beta2;
        T rate = T.CreateTruncating(learningRate / (1 - power1)), scale = T.CreateTruncating(1 / Math.Sqrt(1 - power2));
        for (int start = 0; start < parameters.Length; start += Block)
        {
            int length = Math.Min(Block, parameters.Length - start);
            ReadOnlySpan<T> g = gradients.Slice(start, length);
            Span<T> p = parameters.Slice(start, length), m = first.AsSpan(start, length), v = second.AsSpan(start, length);
            Span<T> step = change.AsSpan(0, length), divisor = root.AsSpan(0, length);

            // m = beta1 m + (1 - beta1) g
            TensorPrimitives.Multiply(g, T.CreateTruncating(1 - Beta1), step);
            TensorPrimitives.Multiply(m, T.CreateTruncating(Beta1), m);
            TensorPrimitives.Add<T>(m, step, m);

            // v = beta2 v + (1 - beta2) g^2
            TensorPrimitives.Multiply<T>(g, g, step);
            TensorPrimitives.Multiply(step, T.CreateTruncating(1 - Beta2), step);
            TensorPrimitives.Multiply(v, T.CreateTruncating(Beta2), v);
            TensorPrimitives.Add<T>(v, step, v);

            // p -= rate m / (sqrt(v) / sqrt(c2) + epsilon)
            TensorPrimitives.Sqrt(v, divisor);
            TensorPrimitives.Multiply(divisor, scale, divisor);
            TensorPrimitives.Add(divisor, T.CreateTruncating(Epsilon), divisor);
            TensorPrimitives.Multiply(m, rate, step);
            TensorPrimitives.Divide<T>(step, divisor, step);
            TensorPrimitives.Subtract<T>(p, step, p);
        }
    }
}
