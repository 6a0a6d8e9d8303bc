namespace SimdConv.Packing;

/// <summary>
/// A <see cref="StripLayout"/> of one channel, and which part of it is copied from the image. The rest is padding, zeroed once a
/// thread.
/// </summary>
internal sealed class PlaneLayout
{
    /// <param name="grid">The grid.</param>
    /// <param name="budget">Elements that a strip, or those of some small planes, may take.</param>
    /// <param name="line">Elements of a cache line.</param>
    public PlaneLayout(TapGrid grid, int budget, int line)
    {
        int rows = StripLayout.RowsWithin(grid, 1, budget), width = StripLayout.PitchOf(grid);
        Strip = new StripLayout(grid, rows, 1, (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)width), (uint)line));
        Strips = Shapes.DivideUp(grid.Height, rows);
        Planes = Strips > 1 ? 1 : Math.Max(1, budget / Math.Max(1, Strip.ChannelSize));
        Heights =
        [
            .. Strip.Vertical.Phases.Select(phase =>
                (int)Math.Max(0, Shapes.DivideUp((long)grid.SourceHeight - phase, grid.StrideH))),
        ];
        Columns = [.. Strip.Horizontal.Phases.Select(phase =>
        {
            (long origin, int first, int last) = Strip.Inside(phase);
            return (first, last - first, (nint)(origin + ((long)first * grid.StrideW)));
        })];
        Lead = Columns.Length == 0 ? 0 : (line - (Columns[0].First % line)) % line;
    }

    public StripLayout Strip { get; }

    /// <summary>
    /// Elements ahead of the strip that put the first pixel of each row at the beginning of a cache line: stores across lines are
    /// slow.
    /// </summary>
    public int Lead { get; }

    /// <summary>Strips of a plane.</summary>
    public int Strips { get; }

    /// <summary>
    /// How many small planes are copied together: copied one by one, they would cost a call each, and loads that straddle fresh
    /// stores.
    /// </summary>
    public int Planes { get; }

    /// <summary>For each vertical phase the rows of the source that it has.</summary>
    public int[] Heights { get; }

    /// <summary>
    /// For each horizontal phase the columns of its plane that lie in the image, and the source column of the first.
    /// </summary>
    public (int First, int Count, nint Source)[] Columns { get; }
}
