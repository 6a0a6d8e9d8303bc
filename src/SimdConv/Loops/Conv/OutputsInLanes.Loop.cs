using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The loops.</content>
internal sealed unsafe partial class OutputsInLanes
{
    public override delegate*<ConvStrategy, in ConvItem<TVec, T>, ConvBand, void> BandLoop<TVec, THalf, T, TFlat>()
    {
        if (Half<TVec, THalf>.Exists && Tile.IsHalf)
            return &RunBand<TVec, T, GemmKernel<THalf, T, N2>>;
        return Tile.Vectors switch
        {
            1 => &RunBand<TVec, T, GemmKernel<TVec, T, N1>>,
            2 => &RunBand<TVec, T, GemmKernel<TVec, T, N2>>,
            _ => &RunBand<TVec, T, GemmKernel<TVec, T, TFlat>>,
        };
    }

    private static void RunBand<TVec, T, TKernel>(ConvStrategy strategy, in ConvItem<TVec, T> item, ConvBand band)
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IGemmKernel<T>
    {
        OutputsInLanes own = (OutputsInLanes)strategy;
        TapGrid grid = own.Grid;
        int pitch = own.Layout.Pitch, nr = TKernel.NR;
        OutputPlaces panelPlaces;
        Transposed<TVec, T> results = new() { Ld = nr, Width = grid.Width, Places = grid.Phases == 1 ? null : &panelPlaces };
        for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
        {
            results.First = panel * nr;
            results.Outputs = Math.Min(nr, own.Outputs - results.First);
            if (results.Places != null)
                panelPlaces = own.PhaseOutputs.InTarget(results.First, results.Outputs);
            T* filter = item.Filter + band.FilterOffset(item.Block, panel);
            if (item.Problem.Filter == null && item.Channels * band.Taps > 0)
            {
                filter = item.Panel;
                FilterPacking<TVec, T>.Panel(own, item.Problem.RawFilter, item.Group, band, item.Block, panel, filter);
            }

            // Tiles fetch the next panel while they run over this one.
            nint panelBytes = (nint)item.Channels * band.Taps * nr * sizeof(T);
            byte* next = (byte*)filter + panelBytes;
            IndexedA way = new() { Next = next, NextStep = item.Problem.Filter == null ? 0 : Prefetch.LineBytes };
            results.Done = band.Within(item.Row, item.Rows).First * grid.Width;
            for (int i = band.FirstSlice(item.Row); i < band.Slices.Length && band.Slices[i].First < item.Row + item.Rows; i++)
            {
                ConvBand.Slice slice = band.Slices[i];
                int first = Math.Max(slice.First - item.Row, 0), last = Math.Min(slice.Last - item.Row, item.Rows),
                    kc = item.Channels * slice.Taps;
                (Panels tiles, int runs) = own.PositionTiles(Math.Max(last - first, 0));

                // One run of terms where no tap of the band is passed over.
                way.SkippedTerms = band.Taps - slice.Taps;
                way.RunTerms = way.SkippedTerms == 0 ? kc : slice.Taps;
                T* weights = filter + ((nint)slice.FirstTerm * nr), strip = item.Strip + (first * pitch);
                fixed (int* all = band.Offsets)
                {
                    way.Offsets = all + slice.FirstTerm;
                    for (int run = 0; run < runs; run++, strip += pitch)
                    {
                        for (int tile = 0; tile < tiles.Count; tile++)
                        {
                            int rows = tiles.Rows(tile);
                            T* a = strip + tiles.Start(tile), c = results.Next(item, rows, out T* start, out nint ldstart);
                            if (own.Tile.Slides > 0)
                                SlidingKernel<TVec, T>.Run(
                                    rows, own.Tile.Slides, kc, a, weights, way.Offsets, start, ldstart, c);
                            else
                                TKernel.Run(rows, kc, a, weights, start, ldstart, c, nr, &way);
                            if (way.Next >= next + panelBytes)
                                way.NextStep = 0;
                            results.Add(item, rows, own.Tile.MR);
                        }
                    }
                }
            }

            results.Flush(item);
        }
    }

    /// <summary>
    /// Tiles of one panel of outputs behind each other in scratch memory, until there is enough to transpose: whole squares, and
    /// few calls.
    /// </summary>
    private struct Transposed<TVec, T>
        where TVec : unmanaged, ILanes<TVec, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        /// <summary>
        /// From one position to the next; columns of the grid; the panel's first output, and how many there are.
        /// </summary>
        public int Ld, Width, First, Outputs;

        /// <summary>Null, or where the outputs are, if these are not one channel each.</summary>
        public OutputPlaces* Places;

        /// <summary>Positions of the item that are in the target.</summary>
        public int Done;

        private int pending;

        /// <summary>The next tile, and what its chains begin with.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly T* Next(in ConvItem<TVec, T> item, int rows, out T* start, out nint ldstart)
        {
            T* c = item.Tiles + (pending * Ld);
            bool isStarted = item.Beta != T.Zero;
            if (isStarted)
                item.Targets->LoadTransposed(First, Outputs, Places, Done + pending, rows, Width, c, Ld, item.Beta);
            start = isStarted ? c : item.Start + First;
            ldstart = isStarted ? Ld : 0;
            return c;
        }

        /// <summary>Counts a tile, and stores all where another one of <paramref name="mostRows"/> rows might not fit.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(in ConvItem<TVec, T> item, int rows, int mostRows)
        {
            pending += rows;
            if (pending + mostRows > TransposedRows)
                Flush(item);
        }

        public void Flush(in ConvItem<TVec, T> item)
        {
            if (pending > 0)
            {
                item.Targets->StoreTransposed(
                    First, Outputs, Places, Done, pending, Width, item.Tiles, Ld, item.SpareTiles, item.IsLastBlock);
            }

            Done += pending;
            pending = 0;
        }
    }
}
