namespace SimdConv.Kernels;

/// <summary>The functions that the public API names.</summary>
internal enum ElementwiseOperation
{
    None,
    Relu,
    ReluGradient,
    Relu6,
    Relu6Gradient,
    LeakyRelu,
    LeakyReluGradient,
    HardSwish,
    HardSwishGradient,
    Tanh,
    TanhGradient,
}
