namespace SimdConv;

/// <summary>How a plan computes its passes.</summary>
/// <remarks>
/// Winograd's algorithm (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
/// Convolutional Neural Networks, 2015) takes fewer multiplications for 3x3 and 5x5 kernels of stride 1 and dilation 1, by sums
/// that are ordered otherwise and err more.
/// </remarks>
public enum ConvAlgorithm
{
    /// <summary>One chain of multiply-adds for each element: the numeric contract of the library.</summary>
    Direct,

    /// <summary>
    /// Tiles of 2x2 outputs. F(2x2, 3x3) takes 2.25 times fewer multiplications, packed weights are 16/9 the size; F(2x2, 5x5)
    /// takes 2.8 times fewer, packed weights are 36/25 the size.
    /// </summary>
    WinogradF2,

    /// <summary>
    /// Tiles of 4x4 outputs, for 3x3 kernels: F(4x4, 3x3) takes 4 times fewer multiplications, packed weights are 4 times the
    /// size.
    /// </summary>
    WinogradF4,

    /// <summary>
    /// The fastest of the other three, chosen by the shape alone: Winograd's algorithm where kernel, stride and channels suit it,
    /// by 4x4 outputs where images have more than a few tiles of them; direct elsewhere. For any shape. A plan's
    /// <c>ConvAlgorithm</c> tells which it is.
    /// </summary>
    Winograd,
}
