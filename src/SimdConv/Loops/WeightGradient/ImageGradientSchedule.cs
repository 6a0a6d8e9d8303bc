using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// How the weight gradient of images that are innermost is run for a batch: block sizes, and the copy of a part of x. A row of
/// positions has the images of all its columns behind each other.
/// </summary>
internal readonly struct ImageGradientSchedule
{
    /// <summary>
    /// Output channels of an item at most: with positions in lanes whole tiles of every tier, else enough to pay for the copy of
    /// x.
    /// </summary>
    private const int MostOutputsOfPositions = 24, MostOutputs = 96;

    /// <summary>Taps of an item at most: enough to pay for laying dY out, and few enough for their sums to stay in L2.</summary>
    private const int MostTaps = 512;

    /// <summary>
    /// Positions whose gradients stay in L1, for the outputs of a tile, while all taps read them; with output channels in lanes
    /// they stay in L2.
    /// </summary>
    private const int MostPositions = 1024;

    /// <summary>
    /// With more output channels than that, and registers filled better than by <see cref="LeastFilling"/>, these are the lanes:
    /// part of the numeric contract.
    /// </summary>
    private const int FewOutputs = 16;

    private const double LeastFilling = 0.7;

    /// <param name="shape">The geometry.</param>
    /// <param name="grid">Its grid of the weight gradient.</param>
    /// <param name="batch">Images.</param>
    /// <param name="register">Elements of a register.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public ImageGradientSchedule(Conv2DShape shape, TapGrid grid, int batch, int register, int elementSize)
    {
        (Shape, Grid, Batch) = (shape, grid, batch);
        Lanes = LanesOf(shape);
        int budget = BlockSizes.L2 / 4 / elementSize, taps = Math.Max(1, grid.Taps);
        OutputBlock = Even(shape.GroupOutputs, Lanes == 1 ? MostOutputs : MostOutputsOfPositions);
        LdOutputs = Shapes.RoundUp(OutputBlock, register);
        if (Lanes == 1)
            OutputBlock = Math.Min(LdOutputs, shape.GroupOutputs);
        ChannelBlock = Even(shape.GroupChannels,
            Math.Max(1, Lanes == 1 ? MostTaps / taps : budget / (OutputBlock * Lanes * taps)));

        // Whole rows of positions, or a part of one whose first position belongs to the first lane.
        int columns = (int)Math.Clamp(MostPositions / Math.Max(1, batch), 1, shape.Q);
        Columns = (long)shape.Q * batch <= Math.Max(budget, MostPositions) ? shape.Q
            : Math.Min(shape.Q, Shapes.RoundUp(columns, MostLanes));
        long perRow = (long)ChannelBlock * Horizontal.Phases.Length * Vertical.Phases.Length * Pitch * Math.Max(1, batch);
        Rows = Columns < shape.Q ? 1 : (int)Math.Clamp((budget / perRow) - Vertical.Span, 1, shape.P);
    }

    private const int MostLanes = WeightGradientSchedule.MostLanes;

    public Conv2DShape Shape { get; }

    /// <summary>Virtual lanes: see <see cref="LanesOf"/>.</summary>
    public int Lanes { get; }

    /// <summary>Output channels of an item rounded up to whole registers.</summary>
    public int LdOutputs { get; }

    public TapGrid Grid { get; }

    public int Batch { get; }

    /// <summary>Input and output channels of an item at most.</summary>
    public int ChannelBlock { get; }

    /// <inheritdoc cref="ChannelBlock"/>
    public int OutputBlock { get; }

    /// <summary>Rows and columns of output pixels whose part of x is copied at a time.</summary>
    public int Rows { get; }

    /// <inheritdoc cref="Rows"/>
    public int Columns { get; }

    public StripLayout.Axis Vertical => Grid.Vertical;

    public StripLayout.Axis Horizontal => Grid.Horizontal;

    /// <summary>Pixels from one row of the copy to the next.</summary>
    public int Pitch => Columns + Horizontal.Span;

    /// <summary>Pixels of a plane of the copy, and of a channel: its planes for the phases of the stride.</summary>
    public nint PlaneSize => (nint)(Rows + Vertical.Span) * Pitch;

    /// <inheritdoc cref="PlaneSize"/>
    public nint ChannelSize => PlaneSize * Vertical.Phases.Length * Horizontal.Phases.Length;

    /// <summary>Positions of a piece, whole virtual lanes, and rows of a piece that has whole rows.</summary>
    public static (int Rows, int Width) Piece(int rows, int width) =>
        width >= MostPositions ? (1, MostPositions)
            : (Math.Min(rows, MostPositions / Shapes.RoundUp(width, MostLanes)), width);

    /// <summary>Positions of a piece at most, with what fills up the last lanes of its rows.</summary>
    public static long PieceSize => MostPositions;

    /// <summary>
    /// Whether x is read in place: stride 1 from column to column, no tap on padding, no other images between those of the batch.
    /// </summary>
    public bool ReadsImage(ImageLayout x)
    {
        bool reads = Grid.StrideW == 1 && (x.W == Batch || (Grid.Width == 1 && Grid.Columns.Length == 1));
        foreach ((int _, int offset) in Grid.Rows)
            reads &= offset >= 0 && offset + ((Grid.Height - 1L) * Grid.StrideH) < Grid.SourceHeight;
        foreach ((int _, int offset) in Grid.Columns)
            reads &= offset >= 0 && offset + (long)Grid.Width <= Grid.SourceWidth;
        return reads;
    }

    /// <summary>
    /// The order of all sums: that of a single image whose rows have as many columns as the rows of all images together.
    /// </summary>
    public static ReductionOrder Order(Conv2DShape shape, int batch)
    {
        int chunks = WeightGradientSchedule.Chunks(shape, shape.P, (double)shape.Q * batch);
        return new(chunks, LanesOf(shape)) { HasImagesInnermost = true };
    }

    /// <summary>
    /// Virtual lanes, which neighbouring positions of a row belong to in turn: 16, or one where output channels are the lanes of
    /// registers. A function of the shape alone.
    /// </summary>
    public static int LanesOf(Conv2DShape shape)
    {
        int outputs = shape.GroupOutputs, registers = Shapes.DivideUp(outputs, MostLanes);
        return outputs > FewOutputs && outputs >= LeastFilling * registers * MostLanes ? 1 : MostLanes;
    }

    private static int Even(int size, int most) => new Panels(size, most).Rows(0);
}
