namespace SimdConv.Kernels;

/// <summary>
/// The one-dimensional F(M, R) of Winograd (Arithmetic Complexity of Computations, 1980), with the matrices of Lavin and Gray
/// (Fast Algorithms for Convolutional Neural Networks, 2015): M neighbouring outputs y = A^T ((G g) * (B^T x)) of R taps g from
/// M + R - 1 inputs x by as many products, which are called points. An image takes each transform down its columns, then along
/// its rows. The three transposed transforms give the gradients: B with respect to x, A from that with respect to y, and G^T
/// with respect to g.
/// </summary>
/// <remarks>
/// The element that a transform is asked for is a constant wherever that is called, and only its operations remain. Operands
/// behind the last one of a transform aren't used.
/// </remarks>
internal interface IWinograd
{
    /// <summary>M, the outputs of a tile on each axis.</summary>
    static abstract int Outputs { get; }

    /// <summary>R, the taps of the kernel on each axis.</summary>
    static abstract int Taps { get; }

    /// <summary>M + R - 1, the inputs of a tile on each axis, and its points: 4 or 6.</summary>
    static abstract int Points { get; }

    /// <summary>Element e of G g.</summary>
    static abstract TVec Filter<TVec, T>(int e, TVec g0, TVec g1, TVec g2, TVec g3, TVec g4)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element e of B^T x.</summary>
    static abstract TVec Input<TVec, T>(int e, TVec x0, TVec x1, TVec x2, TVec x3, TVec x4, TVec x5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element i of A^T m.</summary>
    static abstract TVec Output<TVec, T>(int i, TVec m0, TVec m1, TVec m2, TVec m3, TVec m4, TVec m5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element j of B v.</summary>
    static abstract TVec InputGradient<TVec, T>(int j, TVec v0, TVec v1, TVec v2, TVec v3, TVec v4, TVec v5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element e of A y.</summary>
    static abstract TVec OutputGradient<TVec, T>(int e, TVec y0, TVec y1, TVec y2, TVec y3)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>Element t of G^T u.</summary>
    static abstract TVec FilterGradient<TVec, T>(int t, TVec u0, TVec u1, TVec u2, TVec u3, TVec u4, TVec u5)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;
}
