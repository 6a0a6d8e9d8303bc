using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// One grid of a pass that has images in lanes: its tile, its panels of weights, and the runs of rows and of columns that see the
/// same taps.
/// </summary>
internal sealed class ImageGrid
{
    /// <summary>What a step of the table and of the loop costs, in multiply-adds of a register.</summary>
    private const int TermCost = 2;

    /// <summary>Outputs that a single channel has at most to be run one by one: tiles of more share the loads of x.</summary>
    private const int MostRowOutputs = 2;

    /// <param name="grid">The positions and their taps.</param>
    /// <param name="outputs">The rows of C of one group.</param>
    /// <param name="channels">Channels of one group that are summed over.</param>
    /// <param name="tiles">The tiles of the tier, the preferred one first.</param>
    /// <param name="filterStart">Where the packed weights begin among those of all grids.</param>
    public ImageGrid(TapGrid grid, PhaseOutputs outputs, int channels, ReadOnlySpan<ConvTile> tiles, long filterStart)
    {
        (Grid, Outputs, Channels, FilterStart) = (grid, outputs, channels, filterStart);
        Tile = tiles[0];
        foreach (ConvTile tile in tiles)
        {
            if (CostOf(tile) < CostOf(Tile))
                Tile = tile;
        }

        Panels = new(outputs.Count, Tile.MR);
        Columns = MakeColumns();
    }

    /// <summary>Columns [First, Last) of a grid, and the columns of taps [FirstTap, LastTap) that they see.</summary>
    public readonly record struct ColumnRun(int First, int Last, int FirstTap, int LastTap);

    public TapGrid Grid { get; }

    public PhaseOutputs Outputs { get; }

    public int Channels { get; }

    public ConvTile Tile { get; }

    /// <summary>Outputs by panels of weights.</summary>
    public Panels Panels { get; }

    public ColumnRun[] Columns { get; }

    /// <summary>Terms of a position that sees all taps.</summary>
    public int Terms => checked(Channels * Grid.Taps);

    /// <summary>Whether chains are so short, and so few, that a tile of its own runs a row of one output.</summary>
    public bool RunsRows => Channels == 1 && Outputs.Count <= MostRowOutputs && Outputs.Count == Outputs.Channels;

    /// <summary>Elements of the packed weights of one group.</summary>
    public long FilterSize => (long)Outputs.Count * Terms;

    public long FilterStart { get; }

    public override string ToString() => RunsRows ? "images in lanes, rows of one output"
        : $"images in lanes, tiles of {Panels.Rows(0)} x {Tile.Vectors} registers";

    /// <summary>What a register of all outputs costs for each term: multiply-adds, or the loads that they need.</summary>
    private double CostOf(ConvTile tile)
    {
        Panels panels = new(Outputs.Count, tile.MR);
        double cost = 0;
        for (int panel = 0, alike; panel < panels.Count; panel += alike)
        {
            alike = panels.Alike(panel);
            int rows = panels.Rows(panel);
            cost += (double)alike * (Math.Max(rows * tile.Vectors, rows + (2 * tile.Vectors)) + TermCost);
        }

        return cost / tile.Vectors;
    }

    private ColumnRun[] MakeColumns()
    {
        List<ColumnRun> runs = [];
        for (int first = 0, last; first < Grid.Width; first = last)
        {
            (int from, int to) = Grid.ColumnsOf(first, first);
            for (last = first + 1; last < Grid.Width && Grid.ColumnsOf(last, last) == (from, to); last++)
            {
            }

            runs.Add(new(first, last, from, to));
        }

        return [.. runs];
    }
}
