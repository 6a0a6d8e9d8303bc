using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The loops.</content>
internal sealed unsafe partial class PositionsInLanes
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
        PositionsInLanes own = (PositionsInLanes)strategy;
        (int first, int last) = band.Within(item.Row, item.Rows);
        bool together = item.Together > 1;
        int kc = item.Channels * band.Taps, ld = item.Sizes.TilesLd;
        int pitch = own.IsInPlace ? own.Layout.Pitch : own.Grid.Width, end = own.Positions(last, pitch);
        int step = together ? pitch : own.IsInPlace ? end : TKernel.NR;
        fixed (int* offsets = band.Offsets)
        {
            for (int position = first * pitch; position < end; position += step)
            {
                int count = Math.Min(together ? own.Grid.Width : step, end - position);
                T* b = item.Strip + position;
                if (!own.IsInPlace)
                {
                    StripPacking<TVec, T>.Panel(own.Layout, item.Strip, offsets, kc, position, count, TKernel.NR, item.Panel);
                    b = item.Panel;
                }

                for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
                {
                    int m = own.Panels.Start(panel), rows = own.Panels.Rows(panel);
                    T* a = item.Filter + band.FilterOffset(item.Block, panel);
                    for (int i = 0; i < item.Together && item.Beta != T.Zero; i++)
                        item.Targets[i].Load(m, rows, position, count, pitch, item.Tiles + (i * TVec.Count), ld, item.Beta);
                    if (together)
                        RunTogether<TVec, T, TKernel>(item, m, rows, kc, a, b, offsets);
                    else
                    {
                        IndexedB inPlace = new(offsets);
                        StridedB packed = new(TKernel.NR);
                        if (own.IsInPlace)
                            RunTiles<TVec, T, TKernel, IndexedB>(item, m, rows, kc, a, b, count, &inPlace);
                        else
                            RunTiles<TVec, T, TKernel, StridedB>(item, m, rows, kc, a, b, count, &packed);
                    }

                    for (int i = 0; i < item.Together; i++)
                    {
                        T* tiles = item.Tiles + (i * TVec.Count);
                        item.Targets[i].Store(m, rows, position, count, pitch, tiles, ld, item.IsLastBlock);
                    }
                }
            }
        }
    }

    /// <summary>A panel of outputs over a row of each image, from the start or from what is in scratch memory.</summary>
    private static void RunTogether<TVec, T, TKernel>(in ConvItem<TVec, T> item, int m, int rows, int kc, T* a, T* b,
        int* offsets)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IGemmKernel<T>
    {
        bool isStarted = item.Beta != T.Zero;
        int nr = TKernel.NR, ld = item.Sizes.TilesLd;
        nint image = (nint)item.Sizes.Strip, w = TVec.Count;
        TilePlaces places = new() { B1 = image, B2 = 2 * image, B3 = 3 * image, C1 = w, C2 = 2 * w, C3 = 3 * w };
        PlacedRegisters way = new(offsets, &places);
        T* c = item.Tiles, start = isStarted ? c : item.Start + ((nint)m * nr);
        TKernel.Run(rows, kc, a, b, start, isStarted ? ld : nr, c, ld, &way);
    }

    /// <summary>
    /// A panel of outputs over <paramref name="count"/> positions, from the start or from what is in scratch memory.
    /// </summary>
    private static void RunTiles<TVec, T, TKernel, TWay>(
        in ConvItem<TVec, T> item, int m, int rows, int kc, T* a, T* b, int count, TWay* way)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IGemmKernel<T>
        where TWay : unmanaged, ITileWay
    {
        bool isStarted = item.Beta != T.Zero;
        int nr = TKernel.NR, ld = item.Sizes.TilesLd;
        T* c = item.Tiles, start = item.Start + ((nint)m * nr);
        for (int j = 0; j < count; j += nr)
            TKernel.Run(rows, kc, a, b + j, isStarted ? c + j : start, isStarted ? ld : nr, c + j, ld, way);
    }
}
