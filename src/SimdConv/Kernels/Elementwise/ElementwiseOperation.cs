namespace SimdConv.Kernels;

/// <summary>The functions that the public API names, each activation followed by its gradient in terms of x.</summary>
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
    TanhSlope,
    TanhGradient,
    Sigmoid,
    SigmoidGradient,
    Silu,
    SiluGradient,
    Gelu,
    GeluGradient,
    HardSigmoid,
    HardSigmoidGradient,
    Elu,
    EluGradient,
    Clip,
    ClipGradient,
}
