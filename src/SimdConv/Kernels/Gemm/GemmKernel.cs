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

    // A case is compiled when it first runs, so a host pays for the tiles that its shapes meet and for no others. Ahead of time
    // all tiles are compiled but those that the registers don't suffice for.
    public static void Run<TWay>(int rows, nint kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, TWay* way)
        where TWay : unmanaged, ITileWay
    {
        nint ldb = way->RowsOfB(NR);
        int* offsets = way->Table;
        if (!TVec.HasManyRegisters && !TVec.HasElements && TVectors.Value > 1 && TVectors.Value < 4
            && TWay.Value < TileWay.PacksA)
        {
            RunUnrolled(rows, kc, a, b, start, ldstart, c, ldc, way);
            return;
        }

        switch (rows)
        {
            case 1:
                GemmTile<TVec, T, TileShape<N1, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 2:
                GemmTile<TVec, T, TileShape<N2, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 3:
                GemmTile<TVec, T, TileShape<N3, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 4:
                GemmTile<TVec, T, TileShape<N4, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 5 when MR >= 5:
                GemmTile<TVec, T, TileShape<N5, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 6 when MR >= 6:
                GemmTile<TVec, T, TileShape<N6, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 7 when MR >= 7:
                GemmTile<TVec, T, TileShape<N7, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 8 when MR >= 8:
                GemmTile<TVec, T, TileShape<N8, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 9 when MR >= 9:
                GemmTile<TVec, T, TileShape<N9, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 10 when MR >= 10:
                GemmTile<TVec, T, TileShape<N10, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 11 when MR >= 11:
                GemmTile<TVec, T, TileShape<N11, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 12 when MR >= 12:
                GemmTile<TVec, T, TileShape<N12, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 13 when MR >= 13:
                GemmTile<TVec, T, TileShape<N13, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 14 when MR >= 14:
                GemmTile<TVec, T, TileShape<N14, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
        }
    }

    /// <summary>The same with tiles that take several terms a round, which have at most six rows.</summary>
    private static void RunUnrolled<TWay>(int rows, nint kc, T* a, T* b, T* start, nint ldstart, T* c, nint ldc, TWay* way)
        where TWay : unmanaged, ITileWay
    {
        nint ldb = way->RowsOfB(NR);
        int* offsets = way->Table;
        switch (rows)
        {
            case 1:
                UnrolledTile<TVec, T, TileShape<N1, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 2:
                UnrolledTile<TVec, T, TileShape<N2, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 3:
                UnrolledTile<TVec, T, TileShape<N3, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 4:
                UnrolledTile<TVec, T, TileShape<N4, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 5 when MR >= 5:
                UnrolledTile<TVec, T, TileShape<N5, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
            case 6 when MR >= 6:
                UnrolledTile<TVec, T, TileShape<N6, TVectors, TWay>>.Run(kc, a, b, ldb, offsets, start, ldstart, c, ldc, way);
                break;
        }
    }
}
