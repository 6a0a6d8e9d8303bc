using System.Numerics;

namespace SimdConv.Kernels;

/// <summary>A number in a type: what a tile's shape is made of, so that it is a constant to the JIT.</summary>
internal interface IConstant
{
    static abstract int Value { get; }
}

internal readonly struct N0 : IConstant { public static int Value => 0; }

internal readonly struct N1 : IConstant { public static int Value => 1; }

internal readonly struct N2 : IConstant { public static int Value => 2; }

internal readonly struct N3 : IConstant { public static int Value => 3; }

internal readonly struct N4 : IConstant { public static int Value => 4; }

internal readonly struct N5 : IConstant { public static int Value => 5; }

internal readonly struct N6 : IConstant { public static int Value => 6; }

internal readonly struct N7 : IConstant { public static int Value => 7; }

internal readonly struct N8 : IConstant { public static int Value => 8; }

internal readonly struct N9 : IConstant { public static int Value => 9; }

internal readonly struct N10 : IConstant { public static int Value => 10; }

internal readonly struct N11 : IConstant { public static int Value => 11; }

internal readonly struct N12 : IConstant { public static int Value => 12; }

internal readonly struct N13 : IConstant { public static int Value => 13; }

internal readonly struct N14 : IConstant { public static int Value => 14; }

/// <summary>Where a tile finds the rows of B, and what it does beside its sums.</summary>
internal enum TileWay
{
    /// <summary>Rows of B are ldb elements from each other.</summary>
    Strided,

    /// <summary>Row k of B is found through a table of offsets.</summary>
    Indexed,

    /// <summary>Indexed, and the registers of a row lie where the errand says, in B and in C: in rows of an image, or in several images.</summary>
    Placed,

    /// <summary>Placed, for some terms of A's panel: the table has pairs, the offset of a row of B and the number of its term.</summary>
    Chosen,

    /// <summary>Strided, and the next tile of C is fetched.</summary>
    Panel,

    /// <summary>Strided; A is read where it lies, and packed.</summary>
    PacksA,

    /// <summary>B is read where it lies, and packed; the next tile of C and the next panel of B are fetched.</summary>
    PacksB,

    /// <summary>Strided, and the rows of column k of A are found through a table of offsets: positions of an image, as they lie.</summary>
    Raw,
}

internal interface ITileWay
{
    static abstract TileWay Value { get; }
}

internal readonly struct Strided : ITileWay { public static TileWay Value => TileWay.Strided; }

internal readonly struct Indexed : ITileWay { public static TileWay Value => TileWay.Indexed; }

internal readonly struct Placed : ITileWay { public static TileWay Value => TileWay.Placed; }

internal readonly struct Chosen : ITileWay { public static TileWay Value => TileWay.Chosen; }

internal readonly struct Panel : ITileWay { public static TileWay Value => TileWay.Panel; }

internal readonly struct PacksA : ITileWay { public static TileWay Value => TileWay.PacksA; }

internal readonly struct PacksB : ITileWay { public static TileWay Value => TileWay.PacksB; }

internal readonly struct Raw : ITileWay { public static TileWay Value => TileWay.Raw; }

/// <summary>The shape of one tile.</summary>
internal interface ITileShape
{
    /// <summary>Rows of C: elements of A that are broadcast each k.</summary>
    static abstract int Rows { get; }

    /// <summary>Registers across a row of C.</summary>
    static abstract int Vectors { get; }

    static abstract TileWay Way { get; }
}

internal readonly struct TileShape<TRows, TVectors, TWay> : ITileShape
    where TRows : struct, IConstant
    where TVectors : struct, IConstant
    where TWay : struct, ITileWay
{
    public static int Rows => TRows.Value;

    public static int Vectors => TVectors.Value;

    public static TileWay Way => TWay.Value;
}

/// <summary>What a tile does for later ones, with the loads and stores that its multiply-adds leave free; and where its registers lie.</summary>
internal unsafe struct TileErrand<T>
    where T : unmanaged
{
    /// <summary>The tile of C to be fetched, its rows as far apart as those of the own one.</summary>
    public T* NextC;

    /// <summary>The operand that is packed: row i (of A) of term k at Source + i * SourceRow + k * SourceTerm.</summary>
    public T* Source;
    public nint SourceRow, SourceTerm;

    /// <summary>Where registers lie.</summary>
    public TilePlaces* Places;

    /// <summary>Terms that follow each other in B and in the table of offsets, and how many to pass over behind them.</summary>
    public nint Terms, SkippedTerms;
}

/// <summary>Where the second to the fourth register of a row lie from the first, in B and in C.</summary>
internal struct TilePlaces
{
    public nint B1, B2, B3, C1, C2, C3;
}

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
