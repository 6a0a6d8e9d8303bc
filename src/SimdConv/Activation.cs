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
