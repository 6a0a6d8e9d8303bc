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

    /// <summary>1 / (1 + e^-x), the logistic function.</summary>
    Sigmoid,

    /// <summary>x / (1 + e^-x), which is swish with a factor of 1; -infinity gives -0.</summary>
    Silu,

    /// <summary>
    /// x * Phi(x), Phi being the distribution function of the normal distribution: x / 2 * (1 + erf(x / sqrt 2)) (Hendrycks and
    /// Gimpel, "Gaussian Error Linear Units", 2016), not its approximation by tanh; -infinity gives -0.
    /// </summary>
    Gelu,

    /// <summary>min(max(Alpha * x + Beta, 0), 1), Alpha being 1/6 and Beta 1/2 unless set; NaN stays NaN.</summary>
    HardSigmoid,

    /// <summary>x where x &gt; 0, else Alpha * (e^x - 1), Alpha being 1 unless set.</summary>
    Elu,

    /// <summary>
    /// min(max(x, Alpha), Beta), Alpha being -infinity and Beta infinity unless set; NaN stays NaN. Alpha is at most Beta.
    /// </summary>
    Clip,
}
