namespace SimdConv.Loops;

/// <summary>The arrays that a thread works with on one grid.</summary>
internal readonly struct ConvScratch<T>
    where T : unmanaged
{
    public readonly ScratchPlan Plan = default;

    /// <summary>The strips of images that a tile takes together, beside each other.</summary>
    public readonly Piece<T> Strips;

    /// <summary>A packed panel.</summary>
    public readonly Piece<T> Panel;

    /// <summary>Results on their way to the target, and as much again.</summary>
    public readonly Piece<T> Tiles, SpareTiles;

    /// <summary>What chains begin with.</summary>
    public readonly Piece<T> Start;

    public ConvScratch(ConvStrategy strategy)
    {
        ConvSizes sizes = strategy.Sizes;
        Strips = Plan.Add<T>(sizes.Strip * strategy.Together);
        Panel = Plan.Add<T>(sizes.Panel);
        Tiles = Plan.Add<T>(sizes.Tiles);
        SpareTiles = Plan.Add<T>(sizes.Tiles);
        Start = Plan.Add<T>(sizes.Start);
    }
}
