using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>The tiles of rows in lanes, and the columns of taps that each of them sees.</content>
internal sealed partial class ConvSchedule
{
    /// <summary>Each of <see cref="Windows"/> has a table of its own: tiles that would need more of them see all columns.</summary>
    private const int MostWindows = 16;

    private readonly RowTile[]?[] rowTiles = [];

    /// <summary>With rows in lanes, the tiles of so many rows of the grid, as strips have of a band.</summary>
    public RowTile[] RowTiles(int rows) => rowTiles[rows]!;

    /// <summary>Whether registers fit in the rows that a strip has of a band, and the strips in L2.</summary>
    private bool SuitsRows(ImageLayout target, long budget) =>
        Grid.Taps > 0 && target.W == 1 && Grid.StepW == 1 && Grid.StepH == 1 && (Layout.IsImage || (long)ChannelBlock * Layout.ChannelSize <= budget)
        && (Grid.Width >= Tile.Lanes || (IsFlat(target) && Enumerable.Range(0, Strips).All(strip => Bands.All(band => RowsOf(band, strip) == 0 || RowsOf(band, strip) * Grid.Width >= Tile.Lanes))));

    private int RowsOf(Band band, int strip) =>
        Math.Max(0, Math.Min(band.Last, Math.Min(Grid.Height, (strip + 1) * Layout.Rows)) - Math.Max(band.First, strip * Layout.Rows));

    /// <summary>The columns of taps that tiles with rows in lanes see: all of them, and, where leaving out others saves enough, those of the first or the last columns of an image.</summary>
    public List<(int First, int Last)> Windows { get; } = [];

    private RowTile[] MakeRowTiles(int rows, ImageLayout target)
    {
        if (IsFlat(target))
            return RowTile.Of(1, rows * Grid.Width, 0, 0, Tile.Lanes, Tile.Vectors);
        RowTile[] tiles = RowTile.Of(rows, Grid.Width, Layout.Pitch, target.H, Tile.Lanes, Tile.Vectors);
        (int First, int Last)[] seen = [.. tiles.Select(tile => tile.Columns(Tile, Layout.Pitch)).Select(columns => Grid.ColumnsOf(columns.First, columns.Last))];
        if (!TapGrid.Saves(seen.Sum(window => (long)window.Last - window.First), (long)tiles.Length * Grid.Columns.Length))
            return tiles;
        for (int i = 0; i < tiles.Length; i++)
        {
            int window = Windows.IndexOf(seen[i]);
            if (window < 0 && Windows.Count < MostWindows)
            {
                window = Windows.Count;
                Windows.Add(seen[i]);
            }

            tiles[i].Window = Math.Max(0, window);
        }

        return tiles;
    }

    private int ColumnsSeen(RowTile[] tiles) => tiles.Sum(tile => Windows[tile.Window].Last - Windows[tile.Window].First);

    /// <summary>Whether rows follow each other, in the strip and in the target.</summary>
    private bool IsFlat(ImageLayout target) => Layout.Pitch == Grid.Width && target.H == Grid.Width;
}
