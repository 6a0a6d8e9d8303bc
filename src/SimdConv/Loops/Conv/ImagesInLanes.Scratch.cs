using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Tiles through scratch memory, what follows the last term, and the packing of weights.</content>
internal sealed unsafe partial class ImagesInLanes<TVec, T, TFlat>
{
    /// <summary>Weights below which a second thread costs more than it gives.</summary>
    private const int SerialWeights = 32_768;

    /// <summary>
    /// Runs the registers of one tile for all outputs of an item, with the sums in scratch memory: where terms are in several
    /// blocks, where beta multiplies what the target holds, where outputs are several phases of the stride, and where the batch
    /// fills a register in part, for which the rows of B are copied.
    /// </summary>
    [SkipLocalsInit]
    private static void ThroughScratch<TKernel>(in Item item, ref Pixels pixels)
        where TKernel : struct, IGemmKernel<T>
    {
        ImageGrid grid = item.Grid;
        int w = TVec.Count, nr = grid.Tile.NR, block = KcOf(grid), copied = 0, own = Math.Min(TKernel.NR / w, pixels.Run.Left);
        LaneRun.Place* at = stackalloc LaneRun.Place[4];
        LaneRun ahead = pixels.Run;
        for (int v = 0; v < 4; v++)
        {
            at[v] = ahead.Current;
            if (v < own - 1)
                ahead.Move();
        }

        TilePlaces places;
        pixels.Run.Take(own, out nint from, out _, &places);
        (places.C1, places.C2, places.C3) = (w, 2 * w, 3 * w);
        bool isPart = pixels.Run.Count < w, isStarted = item.Problem.Beta != T.Zero;
        int terms = isPart ? grid.Terms : item.Kc;
        if (isStarted)
            EachRegister(item, pixels, at, own, isLoad: true);
        for (int pc = 0; pc == 0 || pc < terms; pc += block)
        {
            int kc = Math.Min(block, terms - pc);
            if (isPart)
                CopyRows(item, pixels.From, at, TKernel.NR / w, pixels.Run.Count, pc, kc, ref copied);
            for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
            {
                nint m = grid.Panels.Start(panel);
                T* c = item.Sums + (m * nr), start = pc == 0 && !isStarted ? item.Start + (m * nr) : c;
                if (!isPart)
                {
                    RunTerms<TKernel>(item, panel, pc, kc, pixels.From + from, start, nr, c, nr, &places);
                    continue;
                }

                int rows = grid.Panels.Rows(panel);
                StridedB way = new(TKernel.NR);
                TKernel.Run(rows, kc, item.Filter + (m * grid.Terms) + ((nint)pc * rows), item.Panel, start, nr, c, nr, &way);
            }
        }

        EachRegister(item, pixels, at, own, isLoad: false);
    }

    /// <summary>A tile of one panel over some terms of the table.</summary>
    private static void RunTerms<TKernel>(
        in Item item, int panel, int first, int kc, T* b, T* start, nint ldstart, T* c, nint ldc, TilePlaces* places)
        where TKernel : struct, IGemmKernel<T>
    {
        int rows = item.Grid.Panels.Rows(panel);
        T* a = item.Filter + ((nint)item.Grid.Panels.Start(panel) * item.Grid.Terms);
        if (item.IsWhole)
        {
            PlacedRegisters way = new(item.Table + first, places);
            TKernel.Run(rows, kc, a + ((nint)first * rows), b, start, ldstart, c, ldc, &way);
        }
        else
        {
            SelectedTerms way = new(item.Table + (2 * first), places);
            TKernel.Run(rows, kc, a, b, start, ldstart, c, ldc, &way);
        }
    }

    /// <summary>
    /// Copies the rows of B of a block of terms, each a part of a register with zeros behind it; taps on padding have zeros.
    /// </summary>
    private static void CopyRows(in Item item, T* from, LaneRun.Place* at, int vectors, int count, int pc, int kc, ref int copied)
    {
        int w = TVec.Count, nr = vectors * w;
        if (!item.IsWhole)
            new Span<T>(item.Panel, kc * nr).Clear();
        for (; copied < item.Kc; copied++)
        {
            int term = item.IsWhole ? copied : item.Table[(2 * copied) + 1],
                offset = item.IsWhole ? item.Table[copied] : item.Table[2 * copied];
            if (term >= pc + kc)
                break;
            T* row = item.Panel + ((nint)(term - pc) * nr);
            for (int v = 0; v < vectors; v++)
                TVec.Store(row + (v * w), TVec.LoadPartial(from + at[v].From + offset, count));
        }
    }

    /// <summary>
    /// Loads sums = beta * target, or stores target = sums, for the lanes that a register doesn't share with the one before.
    /// </summary>
    private static void EachRegister(in Item item, in Pixels pixels, LaneRun.Place* at, int own, bool isLoad)
    {
        ImageGrid grid = item.Grid;
        int nr = grid.Tile.NR;
        TVec beta = TVec.Broadcast(item.Problem.Beta);
        for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
        {
            int first = grid.Panels.Start(panel), rows = grid.Panels.Rows(panel);
            OutputPlaces outputs = grid.Outputs.InTarget(first, rows);
            for (int i = 0; i < rows; i++)
            {
                for (int v = 0; v < own; v++)
                {
                    int shared = at[v].Shared, count = pixels.Run.Count - shared;
                    T* sums = item.Sums + ((nint)(first + i) * nr) + (v * TVec.Count) + shared,
                        target = pixels.To + outputs[i] + at[v].To + shared;
                    if (isLoad)
                        RowCopy<TVec, T>.StoreUpTo(
                            sums, TVec.Multiply(beta, RowCopy<TVec, T>.LoadUpTo(target, count)), count);
                    else
                        RowCopy<TVec, T>.StoreUpTo(target, RowCopy<TVec, T>.LoadUpTo(sums, count), count);
                }
            }
        }
    }

    /// <summary>The residual and the activation, for the results of some registers of a row.</summary>
    private static void Finish(in Item item, T* to, LaneRun run, int registers, bool isDirect)
    {
        ref readonly Finish<T> finish = ref item.Problem.Finish;
        if (finish.IsNone)
            return;

        // A tile that stores to the target has written shared lanes twice: the second time they became plain sums again.
        for (int done = 0; done < registers;)
        {
            LaneRun.Place place = run.Current;
            nint first = place.To + (isDirect ? 0 : place.Shared), last = place.To + run.Count;
            for (run.Move(), done++; done < registers && run.Current.To + run.Current.Shared == last; run.Move(), done++)
                last = run.Current.To + run.Count;
            for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
            {
                int rows = item.Grid.Panels.Rows(panel);
                OutputPlaces outputs = item.Grid.Outputs.InTarget(item.Grid.Panels.Start(panel), rows);
                for (int i = 0; i < rows; i++)
                {
                    T* sums = to + outputs[i] + first;
                    RowCopy<TVec, T>.Finish(in finish, (nint)(sums - item.Problem.Target), sums, (int)(last - first));
                }
            }
        }
    }

    public override void Pack(T* weights, T* panels, Execution execution)
    {
        PackJob job = new() { Pass = this, Weights = weights, Panels = panels };
        int parts = shape.WeightCount <= SerialWeights ? 1 : execution.Threads;
        WorkQueue.Run(ref job, parts, parts, execution);
    }

    public override void AddLayout(List<int> layout)
    {
        layout.AddRange((int)PanelOrder.Images, grids.Length);
        foreach (ImageGrid grid in grids)
        {
            layout.Add(grid.Panels.Count);
            grid.Grid.AddTaps(layout);
            grid.Outputs.AddOrder(layout);
        }
    }

    private ref struct PackJob : ISharedWork
    {
        public ImagesInLanes<TVec, T, TFlat> Pass;
        public T* Weights, Panels;

        public readonly void Run(ref WorkQueue queue)
        {
            RawFilter<T> filter = new() { Weights = Weights, Shape = Pass.shape, Direction = Pass.direction };
            for (int group = 0; group < Pass.shape.Groups; group++)
            {
                foreach (ImageGrid grid in Pass.grids)
                {
                    T* panels = Panels + grid.FilterStart + (group * grid.FilterSize);
                    int first = (int)((long)grid.Panels.Count * queue.Part / queue.Parts),
                        last = (int)((long)grid.Panels.Count * (queue.Part + 1) / queue.Parts);
                    for (int panel = first; panel < last; panel++)
                        PackPanel(grid, filter, group, panel, panels + ((nint)grid.Panels.Start(panel) * grid.Terms));
                }
            }
        }
    }

    /// <summary>The weights of one panel's outputs, term by term.</summary>
    private static void PackPanel(ImageGrid grid, in RawFilter<T> filter, int group, int panel, T* target)
    {
        StridedMatrix<T> kernels = FilterPacking<TVec, T>.Kernels(filter, group);
        int rows = grid.Panels.Rows(panel), width = filter.Shape.S;
        OutputPlaces places = grid.Outputs.InWeights(grid.Panels.Start(panel), rows, kernels.RowStride, width);
        for (int c = 0; c < grid.Channels; c++)
        {
            foreach ((int r, int _) in grid.Grid.Rows)
            {
                foreach ((int s, int _) in grid.Grid.Columns)
                {
                    places.Gather<TVec, T>(kernels.At(0, c).Data + ((nint)r * width) + s, target);
                    target += rows;
                }
            }
        }
    }
}
