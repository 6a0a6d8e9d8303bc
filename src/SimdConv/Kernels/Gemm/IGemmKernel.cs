namespace SimdConv.Kernels;

/// <summary>
/// What a loop nest needs of a family of tiles that share NR and differ in their rows. Panels of A are packed with exactly
/// as many rows as the tile that reads them, so there is no padding and no edge in M; edges in N go through a scratch tile.
/// </summary>
internal unsafe interface IGemmKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The most rows of a tile.</summary>
    static abstract int MR { get; }

    /// <summary>The columns of every tile.</summary>
    static abstract int NR { get; }

    /// <summary>
    /// C[rows x NR] = start[rows x NR] + A[rows x kc] * B[kc x NR], each element one ascending chain of fused multiply-adds.
    /// </summary>
    /// <param name="rows">1 to MR.</param>
    /// <param name="kc">Terms; 0 copies <paramref name="start"/>.</param>
    /// <param name="a">A: a packed panel, <paramref name="rows"/> elements of each k behind each other, unless the way says
    /// otherwise.</param>
    /// <param name="b">B: a packed panel, NR elements of each k behind each other, unless the way says otherwise.</param>
    /// <param name="start">What the chains begin with: zeros, the bias, or C itself for a later block of k.</param>
    /// <param name="ldstart">From one row of <paramref name="start"/> to the next; 0 repeats one.</param>
    /// <param name="c">The result; may be <paramref name="start"/>.</param>
    /// <param name="ldc">From one row of C to the next.</param>
    /// <param name="way">Where the operands lie, and what the tile does beside its sums.</param>
    static abstract void Run<TWay>(int rows, nint kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, TWay* way)
        where TWay : unmanaged, ITileWay;
}
