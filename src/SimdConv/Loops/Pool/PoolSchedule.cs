using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>What a pooling plan knows about its windows.</summary>
internal sealed class PoolSchedule
{
    /// <summary>
    /// Source elements that a strip copies, if it can: with windows in lanes they are to stay in L1, with planes in lanes in L2.
    /// </summary>
    private const int WindowsBudget = 1 << 12, PlanesBudget = 1 << 15, MostLanes = 16;

    /// <summary>
    /// Source elements that a strip of a single target row may copy: 16 MB of float with windows in lanes, 1 MB with planes in
    /// lanes. What needs more goes by <see cref="PoolPieces{TVec, T}"/>.
    /// </summary>
    private const long MostInWindows = 1 << 22, MostInPlanes = 1 << 18;

    /// <summary>
    /// Images whose pixels are read side by side at least; elements of a strip of a block of images that stay in L2; the most
    /// elements that the windows of a strip may take of scratch memory, and the most taps of a row, with images in lanes.
    /// </summary>
    private const int LeastImages = 64, ImagesBudget = 1 << 16, MostWithImages = 1 << 20, MostTapsWithImages = 1 << 16;

    /// <summary>
    /// The most taps whose average is one chain, and what larger windows are summed in: part of the numeric contract.
    /// </summary>
    private const int LongestChain = 4096, BlockTaps = 512;

    private readonly WindowStrips[] strips;
    private WindowStrips? forwardWithImages, backwardWithImages;

    public PoolSchedule(Pool2DShape shape, PoolKind kind)
    {
        Shape = shape;
        Kind = kind;
        Rows = shape.AdaptiveSize is not null
            ? new WindowAxis(shape.P, shape.H)
            : new WindowAxis(shape.P, shape.R, shape.H, shape.StrideH, shape.PadTop, shape.PadBottom, shape.DilationH,
                shape.CountIncludePad);
        Columns = shape.AdaptiveSize is not null
            ? new WindowAxis(shape.Q, shape.W)
            : new WindowAxis(shape.Q, shape.S, shape.W, shape.StrideW, shape.PadLeft, shape.PadRight, shape.DilationW,
                shape.CountIncludePad);
        strips =
        [
            new(Rows, backward: false, PlanesBudget / ((long)shape.W * MostLanes)),
            new(Rows, backward: true, PlanesBudget / ((long)shape.Q * MostLanes)),
            new(Rows, backward: false, WindowsBudget / shape.W),
            new(Rows, backward: true, WindowsBudget / shape.Q),
        ];
        bool isChain = (long)shape.R * shape.S <= LongestChain;
        (BlockRows, BlockColumns) = isChain
            ? (shape.R, shape.S)
            : (Math.Max(1, BlockTaps / shape.S), Math.Min(shape.S, BlockTaps));
    }

    public Pool2DShape Shape { get; }

    public PoolKind Kind { get; }

    public WindowAxis Rows { get; }

    public WindowAxis Columns { get; }

    /// <summary>The strips of a pass with windows in lanes, or with planes in lanes.</summary>
    public WindowStrips Strips(bool inWindows, bool backward) => strips[(inWindows ? 2 : 0) + (backward ? 1 : 0)];

    /// <summary>The strips of a pass with images in lanes, made when the first one runs.</summary>
    public WindowStrips ImageStrips(bool backward) => backward
        ? backwardWithImages ??= new(Rows, backward: true, PlanesBudget / ((long)Shape.Q * LeastImages))
        : forwardWithImages ??= new(Rows, backward: false, PlanesBudget / ((long)Shape.W * LeastImages));

    /// <summary>Whether windows tile the rows of a plane, so that planes which follow each other are like one.</summary>
    public bool Tiles => Shape.TilesRows;

    /// <summary>Whether each plane has one window, whose taps are its pixels in their order.</summary>
    public bool IsGlobal =>
        Rows.Windows == 1 && Columns.Windows == 1 && Rows.Taps[0] == (0, Shape.H) && Columns.Taps[0] == (0, Shape.W)
        && (Kind == PoolKind.Average || Shape.S == Shape.W);

    /// <summary>Whether large windows' way is taken by small ones too: for tests.</summary>
    public bool InPieces { get; set; }

    /// <summary>
    /// Rows and columns of taps whose average is one chain; the sums of several such blocks are added as a balanced tree.
    /// </summary>
    public int BlockRows { get; }

    /// <summary>See <see cref="BlockRows"/>.</summary>
    public int BlockColumns { get; }

    /// <summary>Whether averages are sums of several blocks.</summary>
    public bool HasBlocks => BlockRows < Shape.R || BlockColumns < Shape.S;

    /// <summary>The blocks of a window whose first taps in the image these are.</summary>
    public WindowBlocks Blocks(int firstRow, int firstColumn) =>
        new(firstRow, Shape.R, BlockRows, firstColumn, Shape.S, BlockColumns);

    /// <summary>
    /// Whether scratch memory of so many elements is little enough with windows in lanes. Small windows of a long row may have a
    /// few copies of the rows that they need.
    /// </summary>
    public bool FitsInWindows(long elements, bool backward) => !InPieces && (elements <= MostInWindows
        || (!HasBlocks && elements <= 4L * Strips(inWindows: true, backward).SourceRows
            * (backward ? Columns.Windows : Shape.W)));

    /// <summary>The same with planes in lanes.</summary>
    public bool FitsInPlanes(bool backward)
    {
        (int source, int target) = backward ? (Columns.Windows, Shape.W) : (Shape.W, Columns.Windows);
        return !InPieces && ((long)Strips(inWindows: false, backward).SourceRows * source) + target <= MostInPlanes / MostLanes;
    }

    /// <summary>The same with images in lanes, where a strip needs scratch memory for so many windows.</summary>
    public bool FitsWithImages(long windows) =>
        !InPieces && windows <= MostWithImages / LeastImages && Shape.S <= MostTapsWithImages;

    /// <summary>
    /// Images of a block. Strips whose rows several windows read, or that are copied, are to stay in L2.
    /// </summary>
    public int ImagesTogether(bool backward)
    {
        WindowStrips some = ImageStrips(backward);
        bool overlaps = Shape.AdaptiveSize is null && Shape.R > Shape.StrideH;
        long elements = backward ? (long)some.SourceRows * Columns.Windows
            : overlaps ? (long)some.SourceRows * Shape.W : (long)some.Rows * Columns.Windows;
        return (int)Math.Max(LeastImages, ImagesBudget / Math.Max(1, elements));
    }

    /// <summary>How many planes fit where a strip does.</summary>
    public int PlanesTogether(bool backward)
    {
        WindowStrips whole = Strips(inWindows: true, backward);
        long row = Math.Max(backward ? Columns.Windows : Shape.W, (long)Columns.Windows + Columns.Reach);
        return whole.Count > 1 ? 1 : (int)Math.Max(1, WindowsBudget / (row * whole.SourceRows));
    }

    /// <summary>Bytes that a winning tap is stored in.</summary>
    public int WinnerSize => (long)Shape.R * Shape.S <= 256 ? 1 : 4;

    /// <summary>What the window (row, column) of an average is divided by, as the product of a number for its row and one for its
    /// column, which is rounded to T once.</summary>
    public (int Row, int Column) Divisor(int row, int column) =>
        Shape.DivisorOverride is { } divisor ? (1, divisor) : (Rows.Counts[row], Columns.Counts[column]);
}
