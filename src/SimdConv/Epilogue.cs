namespace SimdConv;

/// <summary>What a convolution does beside its sums: <c>y = activation(sum + bias + residual)</c>, or
/// <c>activation(sum + bias) + residual</c>.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct Epilogue<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One element an output channel, which the channel's chains start from; empty for none.</summary>
    public ReadOnlySpan<T> Bias { get; init; }

    /// <summary>
    /// As many elements as the output, in the output's layout, added to the finished sums ahead of the activation, or behind it;
    /// empty for none. Shares no element with the output, which holds partial sums meanwhile.
    /// </summary>
    public ReadOnlySpan<T> Residual { get; init; }

    /// <summary>Whether the residual is added to what the activation gives, not to what it is applied to.</summary>
    public bool AddsResidualLast { get; init; }

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
