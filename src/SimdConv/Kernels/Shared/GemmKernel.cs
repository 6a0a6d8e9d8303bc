using System.Numerics;
using System.Runtime.CompilerServices;

namespace SimdConv.Kernels;

/// <summary>The family of tiles of one tier that are <typeparamref name="TVectors"/> registers wide.</summary>
internal readonly unsafe struct GemmKernel<TVec, T, TVectors> : IGemmKernel<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TVectors : struct, IConstant
{
    /// <summary>As many rows as leave registers for one row of B and a broadcast: 14x2, 8x3 and 6x4 of 32; 6x2 and 4x3 of 16.
    /// The tile has names for 14 rows, 8 where they are three registers long.</summary>
    public static int MR
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Math.Min(TVectors.Value == 3 ? 8 : 14, (TVec.Registers - TVectors.Value - 1) / TVectors.Value);
    }

    public static int NR
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TVectors.Value * TVec.Count;
    }

    public static void Run(int rows, nint kc, T* a, T* b, nint ldb, int* offsets, T* start, nint ldstart, T* c, nint ldc)
    {
        // A case is compiled when it first runs, so a host pays for the tiles that its shapes meet and for no others.
        switch (offsets == null ? rows : rows + 16)
        {
            case 1: GemmTile<TVec, T, Strided<N1, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 2: GemmTile<TVec, T, Strided<N2, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 3: GemmTile<TVec, T, Strided<N3, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 4: GemmTile<TVec, T, Strided<N4, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 5: GemmTile<TVec, T, Strided<N5, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 6: GemmTile<TVec, T, Strided<N6, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 7: GemmTile<TVec, T, Strided<N7, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 8: GemmTile<TVec, T, Strided<N8, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 9: GemmTile<TVec, T, Strided<N9, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 10: GemmTile<TVec, T, Strided<N10, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 11: GemmTile<TVec, T, Strided<N11, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 12: GemmTile<TVec, T, Strided<N12, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 13: GemmTile<TVec, T, Strided<N13, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 14: GemmTile<TVec, T, Strided<N14, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 17: GemmTile<TVec, T, Indexed<N1, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 18: GemmTile<TVec, T, Indexed<N2, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 19: GemmTile<TVec, T, Indexed<N3, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 20: GemmTile<TVec, T, Indexed<N4, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 21: GemmTile<TVec, T, Indexed<N5, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 22: GemmTile<TVec, T, Indexed<N6, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 23: GemmTile<TVec, T, Indexed<N7, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 24: GemmTile<TVec, T, Indexed<N8, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 25: GemmTile<TVec, T, Indexed<N9, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 26: GemmTile<TVec, T, Indexed<N10, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 27: GemmTile<TVec, T, Indexed<N11, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 28: GemmTile<TVec, T, Indexed<N12, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 29: GemmTile<TVec, T, Indexed<N13, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
            case 30: GemmTile<TVec, T, Indexed<N14, TVectors>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc); break;
        }
    }

    public static void RunApart(int rows, nint kc, T* a, T* b, nint apart, int* offsets, T* start, nint ldstart, T* c, nint ldc)
    {
        switch (rows)
        {
            case 1: GemmTile<TVec, T, Apart<N1, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 2: GemmTile<TVec, T, Apart<N2, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 3: GemmTile<TVec, T, Apart<N3, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 4: GemmTile<TVec, T, Apart<N4, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 5: GemmTile<TVec, T, Apart<N5, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 6: GemmTile<TVec, T, Apart<N6, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 7: GemmTile<TVec, T, Apart<N7, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 8: GemmTile<TVec, T, Apart<N8, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 9: GemmTile<TVec, T, Apart<N9, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 10: GemmTile<TVec, T, Apart<N10, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 11: GemmTile<TVec, T, Apart<N11, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 12: GemmTile<TVec, T, Apart<N12, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 13: GemmTile<TVec, T, Apart<N13, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
            case 14: GemmTile<TVec, T, Apart<N14, TVectors>>.Run(kc, a, b, apart, offsets, start, ldstart, c, ldc); break;
        }
    }

    public static void RunRaw(int rows, nint kc, T* a, T* b, int* offsets, T* start, nint ldstart, T* c, nint ldc)
    {
        switch (rows)
        {
            case 1: GemmTile<TVec, T, Raw<N1, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 2: GemmTile<TVec, T, Raw<N2, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 3: GemmTile<TVec, T, Raw<N3, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 4: GemmTile<TVec, T, Raw<N4, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 5: GemmTile<TVec, T, Raw<N5, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 6: GemmTile<TVec, T, Raw<N6, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 7: GemmTile<TVec, T, Raw<N7, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 8: GemmTile<TVec, T, Raw<N8, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 9: GemmTile<TVec, T, Raw<N9, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 10: GemmTile<TVec, T, Raw<N10, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 11: GemmTile<TVec, T, Raw<N11, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 12: GemmTile<TVec, T, Raw<N12, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 13: GemmTile<TVec, T, Raw<N13, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
            case 14: GemmTile<TVec, T, Raw<N14, TVectors>>.Run(kc, a, b, NR, offsets, start, ldstart, c, ldc); break;
        }
    }
}
