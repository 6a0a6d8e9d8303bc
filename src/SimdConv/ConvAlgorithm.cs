namespace SimdConv;

/// <summary>How a plan computes the forward pass and the input gradient. The weight gradient is the same with each.</summary>
/// <remarks>
/// Winograd's algorithm (S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
/// Convolutional Neural Networks, 2015) takes fewer multiplications for 3x3 kernels of stride 1 and dilation 1, by sums that are
/// ordered otherwise and err more.
/// </remarks>
public enum ConvAlgorithm
{
    /// <summary>One chain of multiply-adds for each element: the numeric contract of the library.</summary>
    Direct,

    /// <summary>F(2x2, 3x3): 2.25 times fewer multiplications, packed weights 16/9 the size.</summary>
    WinogradF2,

    /// <summary>F(4x4, 3x3): 4 times fewer multiplications, packed weights 4 times the size.</summary>
    WinogradF4,
}
