namespace SimdConv.Kernels;

/// <summary>What follows the last term of an output element: the residual is added, then the activation applied.</summary>
internal unsafe struct Finish<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The activation, and what <see cref="IElementwise{TVec, T}"/> calls its factor.</summary>
    public ElementwiseOperation Operation;
    public T Factor;

    /// <summary>The residual of the output's first element, in the output's layout; null for none.</summary>
    public T* Residual;

    /// <summary>
    /// Where not null, set if any element that an activation is applied to is infinite or NaN, lanes that are dropped later
    /// included.
    /// </summary>
    public bool* IsNotFinite;

    /// <summary>The finish that the caller asks for; null for scale or slope stands for the default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such activation.</exception>
    public static Finish<T> Of(Activation activation, T? scale, T? slope) => activation switch
    {
        Activation.None => default,
        Activation.Relu => new() { Operation = ElementwiseOperation.Relu },
        Activation.Relu6 => new() { Operation = ElementwiseOperation.Relu6 },
        Activation.LeakyRelu => new() { Operation = ElementwiseOperation.LeakyRelu, Factor = slope ?? T.CreateTruncating(0.01) },
        Activation.HardSwish => new() { Operation = ElementwiseOperation.HardSwish },
        Activation.Tanh => new() { Operation = ElementwiseOperation.Tanh, Factor = scale ?? T.One },
        _ => throw ArgumentErrors.OutOfRange("epilogue.Activation", activation,
            "None, Relu, Relu6, LeakyRelu, Tanh or HardSwish"),
    };
}
