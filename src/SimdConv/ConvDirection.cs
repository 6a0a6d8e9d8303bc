namespace SimdConv;

/// <summary>The passes of a convolution.</summary>
public enum ConvDirection
{
    /// <summary>y from x and the weights.</summary>
    Forward,

    /// <summary>dx from dy and the weights.</summary>
    InputGradient,

    /// <summary>dw and db from x and dy.</summary>
    WeightGradient,
}
