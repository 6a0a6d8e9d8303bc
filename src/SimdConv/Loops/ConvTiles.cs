using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

internal static unsafe partial class ConvLoops<TVec, THalf, T, TFlat>
{
    /// <summary>The rows of a strip that see the same taps.</summary>
    private static void RunBand<TKernel>(in Item item, ConvSchedule.Band band, int block, int kc, T beta)
        where TKernel : struct, IGemmKernel<T>
    {
        ConvSchedule schedule = item.Schedule;
        int first = Math.Max(band.First - item.Row, 0), last = Math.Min(band.Last - item.Row, item.Rows);
        if (first >= last)
            return;
        bool together = item.Together > 1;
        int pitch = schedule.InPlace ? schedule.Layout.Pitch : schedule.Grid.Width, end = schedule.Positions(last, pitch);
        int step = together ? pitch : schedule.InPlace ? end : TKernel.NR;
        fixed (int* offsets = band.Offsets)
        {
            for (int position = first * pitch; position < end; position += step)
            {
                int count = Math.Min(together ? schedule.Grid.Width : step, end - position);
                T* b = item.Strip + position;
                if (!schedule.InPlace)
                {
                    StripPacking<TVec, T>.Panel(schedule.Layout, item.Strip, offsets, kc, position, count, TKernel.NR, item.Panel);
                    b = item.Panel;
                }

                for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
                {
                    int m = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel);
                    for (int i = 0; i < item.Together && beta != T.Zero; i++)
                        item.Targets[i].Load(m, rows, position, count, pitch, item.Scratch + (i * TVec.Count), item.Sizes.ScratchLd, beta);
                    RunTiles<TKernel>(in item, m, rows, kc, item.Filter + band.FilterOffset(block, panel), b, offsets, count, beta != T.Zero);
                    for (int i = 0; i < item.Together; i++)
                        item.Targets[i].Store(m, rows, position, count, pitch, item.Scratch + (i * TVec.Count), item.Sizes.ScratchLd, isLast: block == schedule.Blocks - 1);
                }
            }
        }
    }

    /// <summary>One filter panel on <paramref name="count"/> positions, from the start or from what is in scratch, to scratch.</summary>
    private static void RunTiles<TKernel>(in Item item, int m, int rows, int kc, T* a, T* b, int* offsets, int count, bool fromScratch)
        where TKernel : struct, IGemmKernel<T>
    {
        int nr = TKernel.NR, ld = item.Sizes.ScratchLd, ldstart = fromScratch ? ld : nr;
        T* c = item.Scratch, start = fromScratch ? c : item.Start + ((nint)m * nr);
        if (item.Together > 1)
        {
            nint image = (nint)item.Sizes.Image, w = TVec.Count;
            TilePlaces places = new() { B1 = image, B2 = 2 * image, B3 = 3 * image, C1 = w, C2 = 2 * w, C3 = 3 * w };
            TKernel.RunPlaced<Placed>(rows, kc, a, b, offsets, start, ldstart, c, ld, &places);
            return;
        }

        if (!item.Schedule.InPlace)
            offsets = null;
        for (int j = 0; j < count; j += nr)
            TKernel.Run(rows, kc, a, b + j, nr, offsets, fromScratch ? c + j : start, ldstart, c + j, ld);
    }

    /// <summary>The same straight to the target, in registers that lie within rows.</summary>
    private static void RunRows<TKernel>(in Item item, ConvSchedule.Band band, int kc, ImageLayout target, T beta)
        where TKernel : struct, IGemmKernel<T>
    {
        ConvSchedule schedule = item.Schedule;
        int nr = TKernel.NR, w = schedule.Tile.Lanes, pitch = schedule.Layout.Pitch;
        int firstRow = Math.Max(band.First - item.Row, 0), lastRow = Math.Min(band.Last - item.Row, item.Rows);
        if (firstRow >= lastRow)
            return;
        RowTile[] tiles = schedule.RowTiles(lastRow - firstRow);
        nint* registers = stackalloc nint[4];
        T* scratch = item.Scratch;
        fixed (int* offsets = band.Offsets, chosen = band.Chosen)
        fixed (RowTile* first = tiles)
        {
            for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
            {
                int m = schedule.Panels.Start(panel), rows = schedule.Panels.Rows(panel);
                T* a = item.Filter + band.FilterOffset(0, panel), start = item.Start + ((nint)m * nr), channel = item.Targets->Channel(m) + (firstRow * target.H), strip = item.Strip + ((nint)firstRow * pitch);
                for (RowTile* tile = first; tile < first + tiles.Length; tile++)
                {
                    T* b = strip + tile->From, c = channel + tile->To;
                    (int from, int terms) = tile->Window == 0 ? (0, kc) : band.Choices[tile->Window];
                    int* table = tile->Window == 0 ? offsets : chosen + from;
                    if (beta == T.Zero)
                    {
                        if (item.FetchesTarget && tile + 1 < first + tiles.Length)
                            Prefetch.Rows(channel + tile[1].To, rows, target.C, nr);
                        RunPlaced<TKernel>(tile->Window != 0, rows, terms, a, b, table, start, c, target.C, &tile->Places);
                        continue;
                    }

                    // By way of scratch, as lanes that registers share go on from what was there before the first of these.
                    int position = (firstRow * pitch) + (int)tile->From;
                    (registers[1], registers[2], registers[3]) = (tile->Places.B1, tile->Places.B2, tile->Places.B3);
                    TilePlaces places = new() { B1 = tile->Places.B1, B2 = tile->Places.B2, B3 = tile->Places.B3, C1 = w, C2 = 2 * w, C3 = 3 * w };
                    for (int v = 0; v < schedule.Tile.Vectors; v++)
                        item.Targets->Load(m, rows, position + (int)registers[v], w, pitch, scratch + (v * w), nr, beta);
                    RunPlaced<TKernel>(tile->Window != 0, rows, terms, a, b, table, scratch, scratch, nr, &places);
                    for (int v = 0; v < schedule.Tile.Vectors; v++)
                    {
                        int shared = tile->Shared[v];
                        if (shared < w)
                            item.Targets->Store(m, rows, position + (int)registers[v] + shared, w - shared, pitch, scratch + (v * w) + shared, nr, isLast: true);
                    }
                }

                if (beta == T.Zero)
                    item.Targets->Finish(m, rows, firstRow, lastRow - firstRow);
            }
        }
    }

    private static void RunPlaced<TKernel>(bool chosen, int rows, nint kc, T* a, T* b, int* table, T* start, T* c, nint ldc, TilePlaces* places)
        where TKernel : struct, IGemmKernel<T>
    {
        if (chosen)
            TKernel.RunPlaced<Chosen>(rows, kc, a, b, table, start, TKernel.NR, c, ldc, places);
        else
            TKernel.RunPlaced<Placed>(rows, kc, a, b, table, start, TKernel.NR, c, ldc, places);
    }

    /// <summary>The same with output channels in the lanes: C^T[positions x outputs], turned on its way to the target.</summary>
    private static void RunTurned<TKernel>(in Item item, in ConvProblem<T> problem, int group, ConvSchedule.Band band, int block, int channels, T beta)
        where TKernel : struct, IGemmKernel<T>
    {
        ConvSchedule schedule = item.Schedule;
        if (Math.Max(band.First - item.Row, 0) >= Math.Min(band.Last - item.Row, item.Rows))
            return;
        int pitch = schedule.Layout.Pitch, nr = TKernel.NR, width = schedule.Grid.Width;
        T* scratch = item.Scratch;
        OutputPlaces panelPlaces;
        OutputPlaces* places = schedule.Grid.Phases == 1 ? null : &panelPlaces;
        for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
        {
            int m = panel * nr, outputs = Math.Min(nr, schedule.Outputs - m);
            if (places != null)
                panelPlaces = schedule.PhaseOutputs.InTarget(m, outputs);
            T* filter = item.Filter + band.FilterOffset(block, panel);
            if (problem.Filter == null && channels * band.Taps > 0)
            {
                filter = item.Panel;
                FilterPacking<TVec, T>.Panel(schedule, problem.RawFilter, group, band, block, panel, filter);
            }

            // Tiles lie behind each other in scratch until there is enough to turn: whole squares, and few calls.
            int done = Math.Max(band.First - item.Row, 0) * width, pending = 0;
            for (int i = band.FirstSlice(item.Row); i < band.Slices.Length && band.Slices[i].First < item.Row + item.Rows; i++)
            {
                ConvSchedule.Slice slice = band.Slices[i];
                int first = Math.Max(slice.First - item.Row, 0), last = Math.Min(slice.Last - item.Row, item.Rows), kc = channels * slice.Taps;
                (Panels tiles, int runs) = schedule.PositionTiles(Math.Max(last - first, 0));

                // One run of terms where no tap of the band is passed over.
                int skipped = band.Taps - slice.Taps;
                TileErrand<T> errand = new() { Terms = skipped == 0 ? kc : slice.Taps, SkippedTerms = skipped };
                T* weights = filter + ((nint)slice.FirstTerm * nr);
                fixed (int* all = band.Offsets)
                {
                    int* offsets = all + slice.FirstTerm;
                    for (int tile = 0; tile < tiles.Count * runs; tile++)
                    {
                        int position = ((first + (tile / tiles.Count)) * pitch) + tiles.Start(tile % tiles.Count), rows = tiles.Rows(tile % tiles.Count);
                        T* start = item.Start + m, c = scratch + (pending * nr);
                        nint ldstart = 0;
                        if (beta != T.Zero)
                        {
                            item.Targets->LoadTurned(m, outputs, places, done + pending, rows, width, c, nr, beta);
                            start = c;
                            ldstart = nr;
                        }

                        if (schedule.Tile.Slides > 0)
                            SlidingKernel<TVec, T>.Run(rows, schedule.Tile.Slides, kc, item.Strip + position, weights, offsets, start, ldstart, c);
                        else
                            TKernel.RunRaw(rows, kc, item.Strip + position, weights, offsets, start, ldstart, c, nr, &errand);
                        pending += rows;
                        if (pending + schedule.Tile.MR > ConvSchedule.TurnedRows)
                            StoreTurned(in item, block, m, outputs, places, nr, ref done, ref pending);
                    }
                }
            }

            if (pending > 0)
                StoreTurned(in item, block, m, outputs, places, nr, ref done, ref pending);
        }
    }

    private static void StoreTurned(in Item item, int block, int m, int outputs, OutputPlaces* places, int nr, ref int done, ref int pending)
    {
        ConvSchedule schedule = item.Schedule;
        item.Targets->StoreTurned(m, outputs, places, done, pending, schedule.Grid.Width, item.Scratch, nr, item.Scratch + item.Sizes.ScratchSize, isLast: block == schedule.Blocks - 1);
        done += pending;
        pending = 0;
    }
}
