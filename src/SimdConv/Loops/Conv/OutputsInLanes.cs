using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Lanes are output channels: the tile multiplies registers of weights by elements of the strip, broadcast from memory, and
/// its rows are neighbouring positions. C^T[positions x outputs] is transposed in registers on its way to the target. The
/// strategy of dense layers.
/// <code>
/// jr: panel of NR outputs       packed here where weights come unpacked and nothing else will read the panel
///   slice of the band           rows of the grid that see the same rows of taps
///     ir: MR positions          a tile of C^T into scratch memory; whole squares of it are transposed to the target
/// </code>
/// </summary>
internal sealed unsafe partial class OutputsInLanes : ConvStrategy
{
    /// <summary>
    /// Rows of the grid that are worth copying what their taps reach above and below, and reading all weights once more.
    /// </summary>
    private const int GoodRows = 8;

    /// <summary>Fewer rows are good enough where blocks would else have less than <see cref="GoodTerms"/> terms.</summary>
    private const int LeastRows = 4;

    /// <summary>Terms of a block beside which storing and loading its chains is cheap.</summary>
    private const int GoodTerms = 1024;

    /// <summary>Positions that tiles leave in scratch memory before they are transposed: mostly whole squares.</summary>
    private const int TransposedRows = 64;

    /// <summary>What transposing a register of a square of results costs, in multiply-adds of a register.</summary>
    private const double TransposeCost = 7;

    /// <summary>Multiply-adds that are under way at once: a tile of fewer chains waits for them.</summary>
    private const int LeastChains = 8;

    /// <summary>
    /// What a multiply-add of half a register costs, with the instructions that go with it, in multiply-adds of a register.
    /// </summary>
    private const double HalfCost = 0.6;

    /// <summary>Bytes of a panel of weights, which stays in L2 beside the strip.</summary>
    private static readonly int PanelBytes = BlockSizes.L2 / 32 * 18;

    private OutputsInLanes(ConvGrid problem, ConvTile tile)
        : base(problem, tile, CutOf(problem, tile))
    {
        foreach (TapGrid.RowRun rows in PassesOverTaps ? Grid.Slices : Runs)
            Cost += CostOf(rows);
        Cost += StripCost;
    }

    /// <summary>
    /// Adds the strategy with a tile: a sliding one where the taps of a row of the kernel are as many as it serves, and
    /// neighbours in the strip.
    /// </summary>
    public static void AddTo(List<ConvStrategy> candidates, ConvGrid problem, ConvTile tile)
    {
        if (tile.Slides == 0 || CanSlide(problem.Grid, tile.Slides))
            candidates.Add(new OutputsInLanes(problem, tile));
    }

    public override string Name => "output channels in lanes";

    public override double Cost { get; }

    public override bool PacksRegisters => true;

    public override bool PassesOverTaps => Tile.Slides == 0;

    public override ConvSizes Sizes => new(
        Strip: Layout.IsImage ? 0 : ((long)ChannelBlock * Layout.ChannelSize) + Tile.NR + Layout.Pitch,
        Slack: Tile.NR + Layout.Pitch,
        Panel: Strips > 1 ? 0 : (long)ChannelBlock * Grid.Taps * Tile.NR,
        Tiles: (long)Tile.NR * TransposedRows,
        TilesLd: Tile.NR,
        Start: PackedOutputs);

    protected override string Way =>
        $"output channels in {(Tile.IsHalf ? "half " : "")}lanes{(Tile.Slides > 0 ? " of sliding tiles" : "")}, {SourceWay}";

    protected override int TileRows => PositionTiles(Layout.Rows).Tiles.Rows(0);

    /// <summary>
    /// How rows of the grid are cut in tiles of neighbouring positions: each row by itself, or all as one where nothing lies
    /// between them.
    /// </summary>
    private (Panels Tiles, int Runs) PositionTiles(int rows) => Layout.Pitch == Grid.Width
        ? (new Panels(rows * Grid.Width, Tile.MR), 1)
        : (new Panels(Grid.Width, Tile.MR), rows);

    /// <summary>All channels in a block if they fit in L2, so that chains end in registers.</summary>
    private static Cut CutOf(ConvGrid problem, ConvTile tile)
    {
        (TapGrid grid, int size) = (problem.Grid, problem.ElementSize);
        int taps = Math.Max(1, grid.Taps);
        long strip = StripBytes / size,
            within = Math.Max(Within(GoodRows), Math.Min(Within(LeastRows), Shapes.DivideUp(GoodTerms, taps)));
        int most = (int)Math.Clamp(Math.Min(PanelBytes / (tile.NR * size * (long)taps), within), 1, problem.Channels);
        int channels = ChannelsOfBlock(problem, most);
        Panels panels = new(Shapes.RoundUp(problem.Outputs.Count, tile.NR), tile.NR);
        return new(channels, StripLayout.RowsWithin(grid, channels, strip), panels, ReadsImage: true, JoinsBands: true);

        long Within(int height) => strip / Math.Max(1, StripLayout.SizeOf(grid, Math.Min(height, grid.Height)));
    }

    private static bool CanSlide(TapGrid grid, int taps)
    {
        bool can = grid.Columns.Length == taps && grid.StrideW == 1;
        for (int s = 1; s < grid.Columns.Length; s++)
            can &= grid.Columns[s].Offset == grid.Columns[0].Offset + s;
        return can;
    }

    /// <summary>
    /// A term of a tile costs its multiply-adds, or its broadcasts, the loads of weights and an offset; a sliding tile has fewer
    /// broadcasts.
    /// </summary>
    private double CostOf(TapGrid.RowRun run)
    {
        (Panels tiles, int runs) = PositionTiles(run.Rows);
        int lanes = Tile.Lanes, taps = Grid.TapsOf(run);
        double cost = 0, share = 1;
        if (Tile.IsHalf)
        {
            share = HalfCost;
            lanes *= 2;
        }

        for (int tile = 0; tile < tiles.Count; tile++)
        {
            int rows = tiles.Rows(tile), registers = Shapes.DivideUp(rows, lanes) * Tile.NR;
            int chains = Math.Max(rows * Tile.Vectors, LeastChains);
            double term = Tile.Slides > 0 ? chains : share * Math.Max(chains, rows + Tile.Vectors + 1);
            cost += term + (TransposeCost * registers / Math.Max(1, ChannelBlock * taps));
        }

        return cost * runs * Panels.Count * taps;
    }
}
