namespace SimdConv.Loops;

/// <summary>The orders of packed weights, and of packed operands of a product: the first number of their layouts.</summary>
internal enum PanelOrder
{
    /// <summary>Of <see cref="DensePass{T}"/>: grid, group, band, block of channels, panel, term.</summary>
    Dense = 1,

    /// <summary>Of A in a product, and of weights that are A: block of rows, block of terms, panel, term.</summary>
    Product,

    /// <summary>Of B in a product: block of terms, panel, term.</summary>
    Columns,

    /// <summary>Of depthwise convolutions: output, phase, tap.</summary>
    Depthwise,

    /// <summary>Of Winograd's algorithm, transformed: group, matrix, panel, channel.</summary>
    Winograd,

    /// <summary>The taps of Winograd's algorithm where output channels are lanes: group, register, channel, tap.</summary>
    WinogradTaps,

    /// <summary>Of images in lanes: grid, group, panel, term.</summary>
    Images,

    /// <summary>Of depthwise convolutions with channels in lanes: register of channels, tap.</summary>
    DepthwiseChannels,
}
