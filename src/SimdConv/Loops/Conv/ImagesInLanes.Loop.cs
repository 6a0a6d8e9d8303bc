using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The loops of an item.</content>
internal sealed unsafe partial class ImagesInLanes<TVec, T, TFlat>
{
    /// <summary>Elements of results that stay in L1 until residual and activation are applied to them.</summary>
    private const int ResultsInL1 = 4096;

    /// <summary>Some rows of a grid in work, for some panels of the outputs of a group.</summary>
    private ref struct Item
    {
        public readonly ref readonly ConvProblem<T> Problem;
        public readonly ImageGrid Grid;
        public readonly int Group;
        public int FirstPanel, LastPanel;

        /// <summary>The packed weights, and what chains begin with: a row of a tile for each output.</summary>
        public readonly T* Filter, Start;

        /// <summary>See <see cref="Arrays"/>.</summary>
        public readonly T* Sums, Panel;
        public readonly int* Table;

        /// <summary>The first channel of the group in the source, and in the target at the first pixel of the grid.</summary>
        public readonly T* Source, Target;

        /// <summary>The terms of the table, and whether they are all of the grid.</summary>
        public int Kc;
        public bool IsWhole;

        public Item(in ConvProblem<T> problem, ImageGrid grid, int group, Workspace workspace, in Arrays arrays)
        {
            Problem = ref problem;
            Grid = grid;
            Group = group;
            Filter = problem.Filter + grid.FilterStart + (group * grid.FilterSize);
            Start = workspace.At(arrays.Start);
            Sums = workspace.At(arrays.Sums);
            Panel = workspace.At(arrays.Panel);
            Table = workspace.At(arrays.Table);
            Source = problem.Source + ((nint)group * grid.Channels * problem.SourceLayout.C);
            Target = problem.Target + ((nint)group * grid.Outputs.Channels * problem.TargetLayout.C)
                + (grid.Grid.OriginH * problem.TargetLayout.H) + (grid.Grid.OriginW * problem.TargetLayout.W);
            T* bias = problem.Bias == null ? null : problem.Bias + ((nint)group * grid.Outputs.Channels);
            int nr = grid.Tile.NR;
            for (int m = 0; m < grid.Outputs.Count; m++)
                new Span<T>(Start + ((nint)m * nr), nr).Fill(bias == null ? T.Zero : bias[grid.Outputs.Channel(m)]);
        }

        /// <summary>
        /// Whether tiles store straight to the target: where each chain is one block of terms that begins from a bias. Else sums
        /// go through scratch memory: chains that continued from the target would add their terms twice where registers overlap.
        /// </summary>
        public readonly bool IsDirect(int count) =>
            Kc <= KcOf(Grid) && Problem.Beta == T.Zero && count == TVec.Count && Grid.Outputs.Channels == Grid.Outputs.Count;
    }

    private static void RunRows(ref Item item, int first, int last)
    {
        bool isWide = item.Grid.Tile.Vectors == 2;
        foreach (TapGrid.RowRun rows in item.Grid.Grid.Slices)
        {
            int from = Math.Max(first, rows.First), to = Math.Min(last, rows.Last);
            for (int c = 0; c < item.Grid.Columns.Length && from < to; c++)
            {
                ImageGrid.ColumnRun columns = item.Grid.Columns[c];
                SetTable(ref item, rows, columns);
                for (int row = from; row < to; row++)
                {
                    if (isWide)
                        RunRow<GemmKernel<TVec, T, N2>, GemmKernel<TVec, T, N1>>(item, rows, row, columns);
                    else
                        RunRow<GemmKernel<TVec, T, TFlat>, GemmKernel<TVec, T, N2>>(item, rows, row, columns);
                }
            }
        }
    }

    /// <summary>
    /// Lists the terms (c, r, s) of the taps that some rows and columns see: for each term how far from the first one its element
    /// is, and, where some terms are left out, its number in a panel of weights.
    /// </summary>
    private static void SetTable(ref Item item, TapGrid.RowRun rows, ImageGrid.ColumnRun columns)
    {
        TapGrid grid = item.Grid.Grid;
        ImageLayout source = item.Problem.SourceLayout;
        int seen = (rows.LastTap - rows.FirstTap) * (columns.LastTap - columns.FirstTap), across = grid.Columns.Length;
        item.IsWhole = seen == grid.Taps && !item.Grid.RunsRows;
        item.Kc = item.Grid.Channels * seen;
        int* to = item.Table;
        for (int c = 0; c < item.Grid.Channels && seen > 0; c++)
        {
            for (int r = rows.FirstTap; r < rows.LastTap; r++)
            {
                nint row = (c * source.C) + ((grid.Rows[r].Offset - (nint)grid.Rows[rows.FirstTap].Offset) * source.H);
                int term = (((c * grid.Rows.Length) + r) * across) + columns.FirstTap;
                int first = grid.Columns[columns.FirstTap].Offset;
                for (int s = columns.FirstTap; s < columns.LastTap; s++, term++)
                {
                    *to++ = (int)(row + ((grid.Columns[s].Offset - (nint)first) * source.W));
                    if (!item.IsWhole)
                        *to++ = term;
                }
            }
        }
    }

    /// <summary>Runs the pixels of a row that see the same taps.</summary>
    private static void RunRow<TKernel, TNarrow>(in Item item, TapGrid.RowRun rows, int row, ImageGrid.ColumnRun columns)
        where TKernel : struct, IGemmKernel<T>
        where TNarrow : struct, IGemmKernel<T>
    {
        TapGrid grid = item.Grid.Grid;
        ImageLayout source = item.Problem.SourceLayout, target = item.Problem.TargetLayout;
        int batch = item.Problem.Batch, pixels = columns.Last - columns.First, w = TVec.Count;
        nint nextFrom = grid.StrideW * source.W, nextTo = grid.StepW * target.W;
        Pixels all = new() { To = item.Target + (row * grid.StepH * target.H) + (columns.First * nextTo) };
        if (item.Kc > 0)
            all.From = item.Source + ((((nint)row * grid.StrideH) + grid.Rows[rows.FirstTap].Offset) * source.H)
                + ((((nint)columns.First * grid.StrideW) + grid.Columns[columns.FirstTap].Offset) * source.W);
        bool isOne = (nextFrom == batch || item.Kc == 0) && nextTo == batch;
        all.Run = isOne ? new(1, pixels * batch, 0, 0, w) : new(pixels, batch, nextFrom, nextTo, w);
        bool isDirect = item.IsDirect(all.Run.Count);
        if (isDirect && item.Grid.RunsRows)
        {
            LaneRun whole = all.Run;
            RunRowsOfOutputs(item, all, isOne ? (1, pixels * batch) : (pixels, batch), nextFrom, nextTo);
            Finish(item, all.To, whole, whole.Left, isDirect);
            return;
        }

        int most = Math.Max(TKernel.NR, ResultsInL1 / item.Grid.Outputs.Count / TKernel.NR * TKernel.NR) / w;
        while (all.Run.Left > 0)
        {
            LaneRun done = all.Run;
            int end = Math.Max(0, done.Left - most), narrow = TNarrow.NR / w;
            if (isDirect)
            {
                RunDirect<TKernel>(item, ref all, end == 0 ? narrow : end);
                RunDirect<TNarrow>(item, ref all, end);
            }
            else
            {
                while (all.Run.Left > end)
                {
                    if (all.Run.Left <= narrow)
                        ThroughScratch<TNarrow>(item, ref all);
                    else
                        ThroughScratch<TKernel>(item, ref all);
                }
            }

            Finish(item, all.To, done, done.Left - all.Run.Left, isDirect);
        }
    }

    /// <summary>Runs these pixels by <see cref="ImageRowTile{TVec, T}"/>, one output after the other.</summary>
    private static void RunRowsOfOutputs(
        in Item item, in Pixels pixels, (int Count, int Length) segments, nint nextFrom, nint nextTo)
    {
        ImageRowOperands<T> operands = new()
        {
            X = pixels.From,
            Segments = segments.Count,
            Length = segments.Length,
            NextX = nextFrom,
            NextY = nextTo,
            Pairs = item.Table,
            Taps = item.Kc,
        };
        for (int panel = item.FirstPanel; panel < item.LastPanel; panel++)
        {
            int first = item.Grid.Panels.Start(panel), rows = item.Grid.Panels.Rows(panel);
            for (int i = 0; i < rows; i++)
            {
                operands.Y = pixels.To + ((first + i) * item.Problem.TargetLayout.C);
                operands.Weights = item.Filter + ((nint)first * item.Grid.Terms) + i;
                operands.NextWeight = rows;
                operands.Start = item.Start[(nint)(first + i) * item.Grid.Tile.NR];
                ImageRowTile<TVec, T>.Run(operands);
            }
        }
    }

    /// <summary>Pixels of a row: where their first tap is read, where they are written, and their registers.</summary>
    private struct Pixels
    {
        public T* From, To;
        public LaneRun Run;
    }

    /// <summary>
    /// Runs tiles that store to the target, each for all outputs of an item, until <paramref name="left"/> registers are left.
    /// </summary>
    [SkipLocalsInit]
    private static void RunDirect<TKernel>(in Item item, ref Pixels pixels, int left)
        where TKernel : struct, IGemmKernel<T>
    {
        ImageGrid grid = item.Grid;
        Panels panels = grid.Panels;
        int firstPanel = item.FirstPanel, lastPanel = item.LastPanel, vectors = TKernel.NR / TVec.Count;
        nint kc = item.Kc, terms = grid.Terms, nr = grid.Tile.NR, ldc = item.Problem.TargetLayout.C;
        bool isWhole = item.IsWhole;
        TilePlaces places;
        PlacedRegisters whole = new(item.Table, &places);
        SelectedTerms part = new(item.Table, &places);
        LaneRun run = pixels.Run;
        while (run.Left > left)
        {
            run.Take(vectors, out nint from, out nint to, &places);
            T* b = pixels.From + from, c = pixels.To + to;
            for (int panel = firstPanel; panel < lastPanel; panel++)
            {
                int rows = panels.Rows(panel);
                nint m = panels.Start(panel);
                T* a = item.Filter + (m * terms), start = item.Start + (m * nr);
                if (isWhole)
                    TKernel.Run(rows, kc, a, b, start, nr, c + (m * ldc), ldc, &whole);
                else
                    TKernel.Run(rows, kc, a, b, start, nr, c + (m * ldc), ldc, &part);
            }
        }

        pixels.Run = run;
    }
}
