using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Lanes are neighbouring positions of a row of the grid, and weights are broadcast. The last register of a row begins early
/// enough to end with it, so that the image or strip is read, and the target written, in place, without masks or scratch memory.
/// The strategy of short chains: first layers, 1x1 layers with few inputs, where transposing results would cost more than the
/// lanes that two registers share and compute twice.
/// <code>
/// ir: panel of outputs
///   jr: registers of rows       a tile straight to the target
/// </code>
/// </summary>
internal sealed unsafe partial class RowsInLanes : ConvStrategy
{
    /// <summary>
    /// Sets of columns of taps that tiles may have, each with a table of its own: tiles that would need more see all columns.
    /// </summary>
    private const int MostWindows = 16;

    /// <summary>What starting and storing a chain costs, in multiply-adds of a register.</summary>
    private const double ChainCost = 3;

    /// <summary>What a call of a tile costs, in multiply-adds of a register.</summary>
    private const double CallCost = 30;

    /// <summary>The tiles of a band, by the number of its rows that lie in a strip.</summary>
    private readonly RowTile[]?[] rowTiles;

    /// <summary>
    /// The columns of taps that tiles see: all of them, and, where leaving out others saves enough, those of the first or the
    /// last columns of an image.
    /// </summary>
    private readonly List<(int First, int Last)> windows;

    private readonly ImageLayout target;

    private RowsInLanes(ConvGrid problem, ConvTile tile)
        : base(problem, tile, CutOf(problem, tile))
    {
        target = problem.Target;
        rowTiles = new RowTile[Layout.Rows + 1][];
        windows = [(0, Grid.Columns.Length)];
        if (!FitsRows())
            return;
        Cost = StripCost;
        for (int strip = 0; strip < Strips; strip++)
        {
            foreach (TapGrid.RowRun run in Runs)
            {
                int count = RowsOf(run, strip);
                if (count > 0)
                {
                    RowTile[] tiles = rowTiles[count] ??= MakeTiles(count);
                    Cost += CostOfColumn(ChannelBlock * Grid.TapsOf(run)) * (run.LastTap - run.FirstTap) * ColumnsSeen(tiles);
                }
            }
        }
    }

    /// <summary>
    /// Adds the strategy with a tile of several whole registers, where pixels are neighbours in the target and a row, or all rows
    /// of a strip, fill a register.
    /// </summary>
    public static void AddTo(List<ConvStrategy> candidates, ConvGrid problem, ConvTile tile)
    {
        TapGrid grid = problem.Grid;
        if (tile.Vectors == 1 || tile.IsHalf || grid.Phases > 1 || grid.Taps == 0 || problem.Target.W != 1
            || (grid.StepH, grid.StepW) != (1, 1) || (long)grid.Height * grid.Width < tile.Lanes)
            return;
        RowsInLanes strategy = new(problem, tile);
        if (strategy.FitsRows())
            candidates.Add(strategy);
    }

    public override string Name => "rows in lanes";

    public override double Cost { get; }

    public override ConvSizes Sizes => new(
        Strip: Layout.IsImage ? 0 : ((long)ChannelBlock * Layout.ChannelSize) + Tile.NR + Layout.Pitch,
        Slack: Tile.NR + Layout.Pitch,
        Panel: 0,
        Tiles: (long)Tile.NR * Tile.MR,
        TilesLd: Tile.NR,
        Start: (long)Outputs * Tile.NR);

    protected override string Way => $"{Name}, {SourceWay}";

    /// <summary>For each band the terms that tiles take of it, made when first asked for.</summary>
    private WindowTerms[] Terms =>
        field ??= [.. Bands.Select(band => new WindowTerms(band.Offsets, Grid.Columns.Length, windows))];

    /// <summary>Whether rows follow each other, in the strip and in the target.</summary>
    private bool IsFlat => Layout.Pitch == Grid.Width && target.H == Grid.Width;

    /// <summary>All channels in one block, as lanes that two registers share can't go on from sums in the target.</summary>
    private static Cut CutOf(ConvGrid problem, ConvTile tile)
    {
        int rows = StripLayout.RowsWithin(problem.Grid, problem.Channels, StripBytes / problem.ElementSize);
        return new(problem.Channels, rows, new Panels(problem.Outputs.Count, tile.MR), ReadsImage: true, JoinsBands: false);
    }

    /// <summary>Whether registers fit in the rows that a strip has of a band, and the strips in L2.</summary>
    private bool FitsRows() =>
        (Layout.IsImage || (long)ChannelBlock * Layout.ChannelSize <= StripBytes / ElementSize)
        && (Grid.Width >= Tile.Lanes
            || (IsFlat && Enumerable.Range(0, Strips).All(strip => Array.TrueForAll(Runs, run => Fits(RowsOf(run, strip))))));

    private bool Fits(int rows) => rows == 0 || rows * Grid.Width >= Tile.Lanes;

    private int RowsOf(TapGrid.RowRun run, int strip)
    {
        (int first, int last) = run.Within(strip * Layout.Rows, Math.Min(Layout.Rows, Grid.Height - (strip * Layout.Rows)));
        return Math.Max(0, last - first);
    }

    private RowTile[] MakeTiles(int rows)
    {
        if (IsFlat)
            return RowTile.Of(1, rows * Grid.Width, 0, 0, Tile.Lanes, Tile.Vectors);
        RowTile[] tiles = RowTile.Of(rows, Grid.Width, Layout.Pitch, target.H, Tile.Lanes, Tile.Vectors);
        (int First, int Last)[] seen = new (int, int)[tiles.Length];
        long used = 0;
        for (int i = 0; i < tiles.Length; i++)
        {
            (int first, int last) = tiles[i].Columns(Tile, Layout.Pitch);
            seen[i] = Grid.ColumnsOf(first, last);
            used += seen[i].Last - seen[i].First;
        }

        if (!TapGrid.Saves(used, (long)tiles.Length * Grid.Columns.Length))
            return tiles;
        for (int i = 0; i < tiles.Length; i++)
        {
            int window = windows.IndexOf(seen[i]);
            if (window < 0 && windows.Count < MostWindows)
            {
                window = windows.Count;
                windows.Add(seen[i]);
            }

            tiles[i].Window = Math.Max(0, window);
        }

        return tiles;
    }

    private int ColumnsSeen(RowTile[] tiles)
    {
        int seen = 0;
        for (int i = 0; i < tiles.Length; i++)
            seen += windows[tiles[i].Window].Last - windows[tiles[i].Window].First;
        return seen;
    }

    /// <summary>
    /// What a column of taps of a tile costs on all panels, starting and storing it shared out among its terms.
    /// </summary>
    private double CostOfColumn(int kc)
    {
        double cost = 0;
        for (int panel = 0, alike; panel < Panels.Count; panel += alike)
        {
            alike = Panels.Alike(panel);
            int rows = Panels.Rows(panel), chains = rows * Tile.Vectors;
            cost += alike * (Math.Max(chains, Loads(rows, Tile.Vectors))
                + (((ChainCost * chains) + CallCost) / Math.Max(1, kc)));
        }

        return cost;
    }
}
