using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <content>The loops.</content>
internal sealed unsafe partial class RowsInLanes
{
    public override delegate*<ConvStrategy, in ConvItem<TVec, T>, ConvBand, void> BandLoop<TVec, THalf, T, TFlat>() =>
        Tile.Vectors == 2
        ? &RunBand<TVec, T, GemmKernel<TVec, T, N2>>
        : &RunBand<TVec, T, GemmKernel<TVec, T, TFlat>>;

    private static void RunBand<TVec, T, TKernel>(ConvStrategy strategy, in ConvItem<TVec, T> item, ConvBand band)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IGemmKernel<T>
    {
        RowsInLanes own = (RowsInLanes)strategy;
        ImageLayout target = item.Problem.TargetLayout;
        int nr = TKernel.NR, w = TVec.Count, pitch = own.Layout.Pitch;
        (int firstRow, int lastRow) = band.Within(item.Row, item.Rows);
        RowTile[] tiles = own.rowTiles[lastRow - firstRow]!;
        WindowTerms terms = own.Terms[band.Index];
        nint* registers = stackalloc nint[4];
        fixed (int* offsets = band.Offsets, pairs = terms.Pairs)
        fixed (RowTile* first = tiles)
        {
            for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
            {
                int m = own.Panels.Start(panel), rows = own.Panels.Rows(panel);
                T* a = item.Filter + band.FilterOffset(0, panel), start = item.Start + ((nint)m * nr), scratch = item.Tiles;
                T* channel = item.Targets->Channel(m) + (firstRow * target.H), strip = item.Strip + ((nint)firstRow * pitch);
                for (RowTile* tile = first; tile < first + tiles.Length; tile++)
                {
                    T* b = strip + tile->From, c = channel + tile->To;
                    (int at, int kc) = terms.Windows[tile->Window];
                    bool isPart = tile->Window != 0;
                    int* table = isPart ? pairs + at : offsets;
                    if (item.Beta == T.Zero)
                    {
                        if (item.FetchesTarget && tile + 1 < first + tiles.Length)
                            Prefetch.Rows(channel + tile[1].To, rows, target.C, nr);
                        RunTile<T, TKernel>(isPart, rows, kc, a, b, table, start, c, target.C, &tile->Places);
                        continue;
                    }

                    // Through scratch memory: lanes that two registers share start from what the target held before either of
                    // them was stored.
                    int position = (firstRow * pitch) + (int)tile->From;
                    (registers[1], registers[2], registers[3]) = (tile->Places.B1, tile->Places.B2, tile->Places.B3);
                    TilePlaces places = tile->Places with { C1 = w, C2 = 2 * w, C3 = 3 * w };
                    for (int v = 0; v < own.Tile.Vectors; v++)
                        item.Targets->Load(m, rows, position + (int)registers[v], w, pitch, scratch + (v * w), nr, item.Beta);
                    RunTile<T, TKernel>(isPart, rows, kc, a, b, table, scratch, scratch, nr, &places);
                    for (int v = 0; v < own.Tile.Vectors; v++)
                    {
                        int shared = tile->Shared[v];
                        if (shared < w)
                        {
                            T* results = scratch + (v * w) + shared;
                            int ownPosition = position + (int)registers[v] + shared;
                            item.Targets->Store(m, rows, ownPosition, w - shared, pitch, results, nr, isLast: true);
                        }
                    }
                }

                if (item.Beta == T.Zero)
                    item.Targets->Finish(m, rows, firstRow, lastRow - firstRow);
            }
        }
    }

    /// <summary>A tile over all terms of the band, or over a part of them, of which the table has pairs.</summary>
    private static void RunTile<T, TKernel>(
        bool isPart, int rows, nint kc, T* a, T* b, int* table, T* start, T* c, nint ldc, TilePlaces* places)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IGemmKernel<T>
    {
        if (isPart)
        {
            SelectedTerms part = new(table, places);
            TKernel.Run(rows, kc, a, b, start, TKernel.NR, c, ldc, &part);
        }
        else
        {
            PlacedRegisters all = new(table, places);
            TKernel.Run(rows, kc, a, b, start, TKernel.NR, c, ldc, &all);
        }
    }
}
