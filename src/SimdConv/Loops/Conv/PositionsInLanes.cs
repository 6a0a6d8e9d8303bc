using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Lanes are neighbouring positions of a strip, and weights are broadcast. Tiles read the strip in place, where they also run
/// over the columns between two rows of the grid, or a packed panel of it; or, where a row fits in a register and the outputs in
/// one panel, the same row of several images, a register each, so that short rows fill tall tiles.
/// <code>
/// jr: NR positions              in place, or packed from the strip as a panel, or a row of each image
///   ir: panel of outputs        a tile into scratch memory, then to the target, after the last block with residual and
/// activation
/// </code>
/// </summary>
internal sealed unsafe partial class PositionsInLanes : ConvStrategy
{
    /// <summary>What packing a register of a panel costs, in multiply-adds of a register.</summary>
    private const double PackingCost = 7;

    /// <summary>What starting and storing a chain costs, in multiply-adds of a register.</summary>
    private const double ChainCost = 10;

    /// <summary>
    /// Bytes of the results of a panel of outputs over a strip, which keep a thread's workspace below 1 MB together with the
    /// strip.
    /// </summary>
    private const int MostTilesBytes = 3 << 18;

    private PositionsInLanes(ConvGrid problem, ConvTile tile, int together)
        : base(problem, tile, CutOf(problem, tile, together))
    {
        Together = together;
        double inPlace = 0, packed = 0;
        foreach (TapGrid.RowRun run in Runs)
        {
            int rows = Math.Min(Layout.Rows, run.Rows), taps = Grid.TapsOf(run);
            double rowCost = CostOfTap(ChannelBlock * taps) * taps * run.Rows, tileCost = rowCost / rows;
            inPlace += together > 1 ? rowCost : CountOfTiles(Positions(rows, Layout.Pitch)) * tileCost;
            double packingCost = PackingCost * tile.Vectors * taps * run.Rows / rows;
            packed += CountOfTiles(rows * Grid.Width) * (tileCost + packingCost);
        }

        IsInPlace = together > 1 || inPlace <= packed;
        Cost = (IsInPlace ? inPlace / together : packed) + StripCost;
    }

    /// <summary>
    /// Adds the strategy with a tile of several whole registers: for one image at a time, and for several where a row fits in a
    /// register and the outputs in a panel.
    /// </summary>
    public static void AddTo(List<ConvStrategy> candidates, ConvGrid problem, ConvTile tile)
    {
        if (tile.Vectors == 1 || tile.IsHalf || problem.Grid.Phases > 1)
            return;
        candidates.Add(new PositionsInLanes(problem, tile, 1));
        if (problem.Grid.Width <= tile.Lanes && problem.Outputs.Channels <= tile.MR)
            candidates.Add(new PositionsInLanes(problem, tile, tile.Vectors));
    }

    public override string Name => "positions in lanes";

    public override double Cost { get; }

    public override int Together { get; }

    /// <summary>Whether tiles read the strip through the table of offsets; else a packed panel of it.</summary>
    public bool IsInPlace { get; }

    public override bool KeepsStrip => Blocks == 1 && IsInPlace;

    public override ConvSizes Sizes
    {
        get
        {
            int nr = Tile.NR, ld = IsInPlace ? Shapes.RoundUp(Positions(Layout.Rows, Layout.Pitch), nr) : nr;
            return new(
                Strip: ((long)ChannelBlock * Layout.ChannelSize) + nr + Layout.Pitch,
                Slack: nr + Layout.Pitch,
                Panel: IsInPlace ? 0 : ((long)ChannelBlock * Grid.Taps * nr) + Tile.Lanes,
                Tiles: (long)ld * Tile.MR,
                TilesLd: ld,
                Start: (long)Outputs * nr);
        }
    }

    public override string ToString() => Together > 1 ? $"{base.ToString()} over {Together} images" : base.ToString();

    protected override string Way => IsInPlace ? "strip in place" : "packed panels";

    /// <summary>
    /// KC: whole channels, so that the broadcast micro-panel stays in L1; then strips of rows with a block of channels that stay
    /// in L2.
    /// </summary>
    private static Cut CutOf(ConvGrid problem, ConvTile tile, int together)
    {
        (TapGrid grid, int size, int outputs) = (problem.Grid, problem.ElementSize, problem.Outputs.Count);
        int most = Math.Clamp(BlockSizes.Kc(Math.Min(tile.MR, outputs), size) / Math.Max(1, grid.Taps), 1, problem.Channels);
        int channels = ChannelsOfBlock(problem, most),
            rows = StripLayout.RowsWithin(grid, channels, CacheSizes.LeastL2 / 2 / size / together);

        // The results of a panel of outputs over a strip take scratch memory twice: where chains start, and where they end.
        rows = Math.Clamp(MostTilesBytes / (2 * tile.MR * StripLayout.PitchOf(grid) * size), 1, rows);
        return new(channels, rows, new Panels(outputs, tile.MR), ReadsImage: false, JoinsBands: false);
    }

    /// <summary>Columns of a tile that rows of the grid take in place, <paramref name="pitch"/> apart.</summary>
    private int Positions(int rows, int pitch) => ((rows - 1) * pitch) + Grid.Width;

    private long CountOfTiles(long positions) => Shapes.DivideUp(positions, Tile.NR);

    /// <summary>What a tap of a tile costs on all panels, starting and storing the tile shared out among its terms.</summary>
    private double CostOfTap(int kc)
    {
        double cost = 0;
        for (int panel = 0, alike; panel < Panels.Count; panel += alike)
        {
            alike = Panels.Alike(panel);
            int rows = Panels.Rows(panel), chains = rows * Tile.Vectors;
            cost += alike * (Math.Max(chains, Loads(rows, Tile.Vectors)) + (ChainCost * chains / Math.Max(1, kc)));
        }

        return cost;
    }
}
