namespace SimdConv.Kernels;

/// <summary>
/// The one-dimensional F(M, 3) of Winograd (Arithmetic Complexity of Computations, 1980), with the matrices of Lavin and Gray
/// (Fast Algorithms for Convolutional Neural Networks, 2015): M neighbouring outputs y = A^T ((G g) * (B^T x)) of three taps g
/// from M + 2 inputs x by M + 2 products. An image takes each transform down its columns, then along its rows.
/// </summary>
internal interface IWinograd
{
    /// <summary>M, the outputs of a tile on each axis.</summary>
    static abstract int Outputs { get; }

    /// <summary>Element e of G g.</summary>
    static abstract double Filter(int e, double g0, double g1, double g2);

    /// <summary>
    /// Element e of B^T x; e is a constant wherever this is called, and only the operations of that element remain.
    /// </summary>
    static abstract TVec Input<TVec, T>(int e, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element i of A^T m; i is a constant too.</summary>
    static abstract TVec Output<TVec, T>(int i, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
