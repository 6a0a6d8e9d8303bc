namespace SimdConv.Loops;

/// <summary>Elements of each array that a thread works with on one grid.</summary>
/// <param name="Strip">The strip of one image; 0 where the image itself is read.</param>
/// <param name="Slack">The elements behind the strip that its last tile reads, whose results are dropped.</param>
/// <param name="Panel">A packed panel of the strip, or of weights that nothing else will read.</param>
/// <param name="Tiles">Results on their way to the target.</param>
/// <param name="TilesLd">From one row of these results to the next.</param>
/// <param name="Start">What chains begin with.</param>
internal readonly record struct ConvSizes(long Strip, int Slack, long Panel, long Tiles, int TilesLd, long Start);
