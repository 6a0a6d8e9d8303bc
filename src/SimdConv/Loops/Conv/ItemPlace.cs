namespace SimdConv.Loops;

/// <summary>
/// Where an item of a pass is: which strip, of all and of its grid, and its share of the filter panels, which may be none.
/// </summary>
internal struct ItemPlace
{
    /// <summary>The first strip of the grid among those of all grids.</summary>
    private long firstUnit;

    /// <summary>The number of the strip, image by image and group by group, among those of all grids.</summary>
    public long Unit { get; private set; }

    public int Grid { get; private set; }

    public int FirstPanel { get; private set; }

    public int LastPanel { get; private set; }

    /// <summary>The number of the strip among those of its grid.</summary>
    public readonly int GridUnit => (int)(Unit - firstUnit);

    /// <summary>Strips of a grid in a call.</summary>
    public static long Units(ConvStrategy strategy, int batch, int groups) =>
        (long)Shapes.DivideUp(batch, strategy.Together) * groups * strategy.Strips;

    /// <summary>
    /// Goes to an item. A part's items mostly ascend, so the search for the grid begins where the last item was.
    /// </summary>
    public void Move(ConvStrategy[] strategies, int batch, int groups, long item, int shares)
    {
        Unit = item / shares;
        if (Unit < firstUnit)
            (Grid, firstUnit) = (0, 0);
        for (long units; Unit - firstUnit >= (units = Units(strategies[Grid], batch, groups)); Grid++)
            firstUnit += units;
        long panels = strategies[Grid].Panels.Count, share = item % shares;
        FirstPanel = (int)(panels * share / shares);
        LastPanel = (int)(panels * (share + 1) / shares);
    }
}
