namespace SimdConv;

/// <summary>What a product does beside its sums: C = activation(alpha * op(A) * op(B) + beta * C + bias).</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct GemmEpilogue<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// One element a row, or one for all of C, which chains start from; empty for none. Not together with
    /// <see cref="ColumnBias"/>.
    /// </summary>
    public ReadOnlySpan<T> RowBias { get; init; }

    /// <summary>One element a column, which its chains start from; empty for none.</summary>
    public ReadOnlySpan<T> ColumnBias { get; init; }

    /// <summary>The function applied at the end.</summary>
    public Activation Activation { get; init; }

    /// <summary>What multiplies tanh; null is 1.</summary>
    public T? Scale { get; init; }

    /// <summary>What leaky ReLU multiplies elements by that are not above 0; null is 0.01.</summary>
    public T? Slope { get; init; }

    /// <summary>The first number of the activations that have an alpha; null is its default.</summary>
    public T? Alpha { get; init; }

    /// <summary>The second number of the activations that have a beta; null is its default.</summary>
    public T? Beta { get; init; }
}
