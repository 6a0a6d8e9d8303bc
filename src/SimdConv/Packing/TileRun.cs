namespace SimdConv.Packing;

/// <summary>Neighbouring tiles of one image, of one row of tiles, in a block of tiles.</summary>
/// <param name="Image">The image.</param>
/// <param name="Row">The row of tiles.</param>
/// <param name="Column">The first tile in it.</param>
/// <param name="Count">Tiles.</param>
/// <param name="At">The first tile's lane in the block.</param>
internal readonly record struct TileRun(int Image, int Row, int Column, int Count, int At)
{
    /// <summary>The run that begins at tile <paramref name="tile"/> of a batch, <paramref name="lanes"/> tiles at most.</summary>
    public static TileRun From(long tile, int tilesHigh, int tilesWide, int at, int lanes)
    {
        (long row, long column) = Math.DivRem(tile, tilesWide);
        (long image, row) = Math.DivRem(row, tilesHigh);
        return new((int)image, (int)row, (int)column, (int)Math.Min(tilesWide - column, lanes), at);
    }
}
