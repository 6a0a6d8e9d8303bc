using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>A strip of one group of one image, or of a few images together, in work, with a range of filter panels.</summary>
internal unsafe ref struct ConvItem<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public ref readonly ConvProblem<T> Problem;

    public int Group;

    /// <summary>Filter panels [FirstPanel, LastPanel) are this item's.</summary>
    public int FirstPanel, LastPanel;

    /// <summary>Rows of the grid.</summary>
    public int Row, Rows;

    /// <summary>Images that a tile takes together.</summary>
    public int Together;

    /// <summary>Whether tiles have the next one's part of the target fetched: the target is too large to be in L2.</summary>
    public bool FetchesTarget;

    /// <summary>The block of channels in work, its channels, and whether no other follows.</summary>
    public int Block, Channels;
    public bool IsLastBlock;

    /// <summary>
    /// Multiplies what the target holds: the caller's beta in the first block, 1 in those that continue its sums.
    /// </summary>
    public T Beta;

    /// <summary>The packed filters of the group.</summary>
    public T* Filter;

    /// <summary>
    /// What the chains of each output begin with: the bias or zero, once, or NR times where weights are broadcast.
    /// </summary>
    public T* Start;

    /// <summary>The source: the image itself, or the copy of it.</summary>
    public T* Strip;

    /// <summary>Room for a packed panel, for results on their way to the target, and as much again.</summary>
    public T* Panel, Tiles, SpareTiles;
    public ConvSizes Sizes;

    /// <summary>The part of each image's target that the strip covers.</summary>
    public TargetWindow<TVec, T>* Targets;
}
