using System.Numerics;

namespace SimdConv;

/// <summary>What is applied to each output element after its last term.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>max(x, 0); NaN stays NaN.</summary>
    Relu,

    /// <summary>min(max(x, 0), 6); NaN stays NaN.</summary>
    Relu6,

    /// <summary>x where x &gt; 0, else Slope * x.</summary>
    LeakyRelu,

    /// <summary>Scale * tanh(x).</summary>
    Tanh,

    /// <summary>
    /// x * min(max(x + 3, 0), 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019); NaN stays NaN, -infinity gives 0.
    /// </summary>
    HardSwish,
}

/// <summary>What a convolution does beside its sums: <c>y = activation(sum + bias + residual)</c>.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct Epilogue<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>One element an output channel, which the channel's chains start from; empty for none.</summary>
    public ReadOnlySpan<T> Bias { get; init; }

    /// <summary>
    /// As many elements as the output, in the output's layout, added to the finished sums ahead of the activation; empty for
    /// none. Shares no element with the output, which holds partial sums meanwhile.
    /// </summary>
    public ReadOnlySpan<T> Residual { get; init; }

    /// <summary>The function applied at the end.</summary>
    public Activation Activation { get; init; }

    /// <summary>What multiplies tanh; null is 1.</summary>
    public T? Scale { get; init; }

    /// <summary>What leaky ReLU multiplies elements by that are not above 0; null is 0.01.</summary>
    public T? Slope { get; init; }
}
