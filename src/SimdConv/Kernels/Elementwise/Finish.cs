namespace SimdConv.Kernels;

/// <summary>
/// What follows the last term of an output element: the residual is added, then the activation applied, or the other way round.
/// </summary>
internal unsafe struct Finish<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The activation, and what <see cref="IElementwise{TVec, T}"/> calls its factor
    /// and its offset.</summary>
    public ElementwiseOperation Operation;
    public T Factor, Offset;

    /// <summary>What may be asked for, in words.</summary>
    public const string Names =
        "None, Relu, Relu6, LeakyRelu, Tanh, HardSwish, Sigmoid, Silu, Gelu, HardSigmoid, Elu or Clip";

    /// <summary>The gradient of the activation in terms of its arguments.</summary>
    public readonly ElementwiseOperation GradientOperation => Operation + 1;

    /// <summary>The residual of the output's first element, in the output's layout; null for none.</summary>
    public T* Residual;

    /// <summary>Whether the residual is added after the activation.</summary>
    public bool AddsResidualLast;

    /// <summary>Whether anything follows.</summary>
    public readonly bool IsNone => Residual == null && Operation == ElementwiseOperation.None;

    /// <summary>Whether a residual is added ahead of the activation.</summary>
    public readonly bool AddsFirst => Residual != null && !AddsResidualLast;

    /// <summary>Whether a residual is added after the activation.</summary>
    public readonly bool AddsLast => Residual != null && AddsResidualLast;

    /// <summary>
    /// Where not null, set if any element that an activation is applied to is infinite or NaN, lanes that are dropped later
    /// included.
    /// </summary>
    public bool* IsNotFinite;

    /// <summary>The finish that the caller asks for; null for a number stands for its default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation, or its numbers are none it can
    /// have.</exception>
    public static Finish<T> Of(Activation activation, T? scale, T? slope, T? alpha, T? beta) => activation switch
    {
        Activation.None => default,
        Activation.Relu => new() { Operation = ElementwiseOperation.Relu },
        Activation.Relu6 => new() { Operation = ElementwiseOperation.Relu6 },
        Activation.LeakyRelu => new() { Operation = ElementwiseOperation.LeakyRelu, Factor = slope ?? T.CreateTruncating(0.01) },
        Activation.HardSwish => new() { Operation = ElementwiseOperation.HardSwish },
        Activation.Tanh => new() { Operation = ElementwiseOperation.Tanh, Factor = scale ?? T.One },
        Activation.Sigmoid => new() { Operation = ElementwiseOperation.Sigmoid },
        Activation.Silu => new() { Operation = ElementwiseOperation.Silu },
        Activation.Gelu => new() { Operation = ElementwiseOperation.Gelu },
        Activation.HardSigmoid => new()
        {
            Operation = ElementwiseOperation.HardSigmoid,
            Factor = alpha ?? T.One / T.CreateTruncating(6),
            Offset = beta ?? T.CreateTruncating(0.5),
        },
        Activation.Elu => new() { Operation = ElementwiseOperation.Elu, Factor = alpha ?? T.One },
        Activation.Clip => Clip(alpha ?? T.NegativeInfinity, beta ?? T.PositiveInfinity),
        _ => throw ArgumentErrors.OutOfRange("epilogue.Activation", activation, Names),
    };

    private static Finish<T> Clip(T least, T largest) => least <= largest
        ? new() { Operation = ElementwiseOperation.Clip, Factor = least, Offset = largest }
        : throw ArgumentErrors.OutOfRange("epilogue.Alpha", least, $"at most epilogue.Beta, {largest}");
}
