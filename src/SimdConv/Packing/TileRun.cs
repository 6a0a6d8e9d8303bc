namespace SimdConv.Packing;

/// <summary>
/// Neighbouring tiles of one row of tiles, in a block of tiles. Where images are in lanes, a row is that of several images, and
/// the same tile of all of them follow each other in it.
/// </summary>
/// <param name="Image">The first image.</param>
/// <param name="Images">How many images the row is of.</param>
/// <param name="Row">The row of tiles.</param>
/// <param name="Column">The first tile in it, counted over the images too.</param>
/// <param name="Count">Tiles.</param>
/// <param name="At">The first tile's lane in the block.</param>
internal readonly record struct TileRun(int Image, int Images, int Row, int Column, int Count, int At);
