using System.Numerics;

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
    /// <param name="a">The packed panel: <paramref name="rows"/> elements of each k behind each other.</param>
    /// <param name="b">Row k, NR elements wide, at b + k*ldb, or at b + offsets[k] where there are offsets.</param>
    /// <param name="ldb">From one row of B to the next.</param>
    /// <param name="offsets">null, or an offset for each k.</param>
    /// <param name="start">What the chains begin with: zeros, the bias, or C itself for a later block of k.</param>
    /// <param name="ldstart">From one row of <paramref name="start"/> to the next; 0 repeats one.</param>
    /// <param name="c">The result; may be <paramref name="start"/>.</param>
    /// <param name="ldc">From one row of C to the next.</param>
    static abstract void Run(int rows, nint kc, T* a, T* b, nint ldb, int* offsets, T* start, nint ldstart, T* c, nint ldc);

    /// <summary>
    /// The same with the registers of each row where <paramref name="places"/> says, those of <paramref name="start"/> being neighbours; of all terms, or of the
    /// <paramref name="kc"/> that a table of pairs chooses.
    /// </summary>
    static abstract void RunPlaced<TWay>(int rows, nint kc, T* a, T* b, int* offsets, T* start, nint ldstart, T* c, nint ldc, TilePlaces* places)
        where TWay : struct, ITileWay;

    /// <summary>The same with both panels packed, B's rows NR elements long, or the one that <typeparamref name="TWay"/> names to be packed now.</summary>
    static abstract void RunPanels<TWay>(int rows, nint kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, TileErrand<T>* errand)
        where TWay : struct, ITileWay;

    /// <summary>
    /// The same with the rows of column k of A behind each other at a + offsets[k], and B packed: row k at b + k*NR, but for what
    /// <see cref="TileErrand{T}.Terms"/> says.
    /// </summary>
    static abstract void RunRaw(int rows, nint kc, T* a, T* b, int* offsets, T* start, nint ldstart, T* c, nint ldc, TileErrand<T>* errand);
}
