using System.Numerics;
using System.Runtime.InteropServices;

namespace SimdConv.Cli.Training;

/// <summary>Adam (Kingma and Ba, 2015) with its bias correction, in one pass over the parameters.</summary>
/// <remarks>Multiplications and additions are rounded one by one, so results don't depend on the width of Vector{T}.</remarks>
internal sealed class Adam<T>(int count, double learningRate = 1e-3)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    private readonly T[] first = new T[count], second = new T[count];
    private double power1 = 1, power2 = 1;

    // Of the current step: p -= rate * (m / c1) / (sqrt(v / c2) + epsilon), the corrections c taken out of the loop.
    private T rate, root;

    /// <summary>Begins a step: each parameter is to be updated once.</summary>
    public void Begin()
    {
        power1 *= Beta1;
        power2 *= Beta2;
        rate = T.CreateTruncating(learningRate / (1 - power1));
        root = T.CreateTruncating(1 / Math.Sqrt(1 - power2));
    }

    /// <summary>Updates parameters from the <paramref name="start"/>-th on; others may be updated at the same time.</summary>
    /// <param name="start">The first.</param>
    /// <param name="parameters">Their values.</param>
    /// <param name="gradients">The gradient with respect to each.</param>
    /// <param name="updated">Where to; may be <paramref name="parameters"/>.</param>
    public void Update(int start, ReadOnlySpan<T> parameters, ReadOnlySpan<T> gradients, Span<T> updated)
    {
        T beta1 = T.CreateTruncating(Beta1), beta2 = T.CreateTruncating(Beta2), epsilon = T.CreateTruncating(Epsilon);
        T rest1 = T.CreateTruncating(1 - Beta1), rest2 = T.CreateTruncating(1 - Beta2);
        Span<T> firsts = first.AsSpan(start, parameters.Length), seconds = second.AsSpan(start, parameters.Length);

        Span<Vector<T>> us = MemoryMarshal.Cast<T, Vector<T>>(updated);
        Span<Vector<T>> ms = MemoryMarshal.Cast<T, Vector<T>>(firsts), vs = MemoryMarshal.Cast<T, Vector<T>>(seconds);
        ReadOnlySpan<Vector<T>> ps = MemoryMarshal.Cast<T, Vector<T>>(parameters),
            gs = MemoryMarshal.Cast<T, Vector<T>>(gradients);
        Vector<T> rates = new(rate), roots = new(root), epsilons = new(epsilon);
        Vector<T> betas1 = new(beta1), betas2 = new(beta2), rests1 = new(rest1), rests2 = new(rest2);
        for (int i = 0; i < ps.Length; i++)
        {
            Vector<T> g = gs[i];
            Vector<T> m = (ms[i] * betas1) + (g * rests1);
            Vector<T> v = (vs[i] * betas2) + (g * g * rests2);
            ms[i] = m;
            vs[i] = v;
            us[i] = ps[i] - (rates * m / ((Vector.SquareRoot(v) * roots) + epsilons));
        }

        for (int i = ps.Length * Vector<T>.Count; i < parameters.Length; i++)
        {
            T g = gradients[i];
            T m = (firsts[i] * beta1) + (g * rest1);
            T v = (seconds[i] * beta2) + (g * g * rest2);
            firsts[i] = m;
            seconds[i] = v;
            updated[i] = parameters[i] - (rate * m / ((T.Sqrt(v) * root) + epsilon));
        }
    }
}
