using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How the weight gradient of a convolution is run on one tier: block sizes and tables.</summary>
internal sealed class WeightGradientSchedule
{
    /// <summary>
    /// Taps of an item at most, and outputs: enough of each to pay for laying out the other operand; their sums stay in L2.
    /// </summary>
    private const int MostTaps = 512, MostOutputs = 96;

    /// <summary>And no fewer than that where items are made smaller for the threads' sake.</summary>
    private const int LeastTaps = 64, LeastOutputs = 48;

    /// <summary>Channels that lie a multiple of that apart share a set of L1: they are copied.</summary>
    private const int PageBytes = 4096;

    private readonly int lanes;

    public WeightGradientSchedule(Conv2DShape shape, ImageLayout x, int lanes, int elementSize)
    {
        this.lanes = lanes;
        Shape = shape;
        TapGrid grid = TapGrid.WeightGradient(shape);
        Channels = shape.GroupChannels;
        Outputs = shape.GroupOutputs;
        LdOutputs = Shapes.RoundUp(Outputs, lanes);

        // Of 1x1 a copy of x serves few multiply-adds: for more outputs at once.
        bool isImage = StripLayout.IsInImage(grid, Channels, x) && (Lanes(shape) > 1 || x.C * elementSize % PageBytes != 0);
        int share = grid.Taps == 1 && !isImage ? 2 : 1, most = Math.Clamp(MostTaps / share / grid.Taps, 1, Channels);
        ChannelBlock = new Panels(Channels, most).Rows(0);
        OutputBlock = Even(Outputs, Shapes.DivideUp(Outputs, MostOutputs * share));

        // The strip and dY of its positions take a quarter of L2 each.
        int budget = BlockSizes.L2 / 4 / elementSize;
        int rows = Math.Min(StripLayout.RowsWithin(grid, ChannelBlock, budget),
            (int)Math.Clamp((long)budget / ((long)grid.Width * OutputBlock), 1, grid.Height));
        Layout = isImage ? StripLayout.OfImage(grid, rows, ChannelBlock, x) : new StripLayout(grid, rows, ChannelBlock);
    }

    /// <summary>
    /// Of more output channels lanes are full enough, whatever positions would fill: part of the numeric contract.
    /// </summary>
    private const int MostOutputsOfPositions = 12;

    /// <summary>Lanes of a row where positions are in lanes; registers of every tier divide it.</summary>
    public const int MostLanes = 16;

    public Conv2DShape Shape { get; }

    public StripLayout Layout { get; }

    /// <summary>Input channels of one group.</summary>
    public int Channels { get; }

    /// <summary>Output channels of one group.</summary>
    public int Outputs { get; }

    /// <summary>Output channels of one group rounded up to whole registers.</summary>
    public int LdOutputs { get; }

    /// <summary>Input channels of an item at most.</summary>
    public int ChannelBlock { get; }

    /// <summary>Output channels of an item at most, whole registers.</summary>
    public int OutputBlock { get; }

    /// <summary>
    /// Input and output channels of an item: whole blocks, or less where that would leave threads without work. Results don't
    /// depend on it.
    /// </summary>
    public (int Channels, int Outputs) Item(int chunks, int threads)
    {
        const int ItemsPerThread = 4;
        int channels = ChannelBlock, outputs = OutputBlock;
        while (threads > 1 && (long)chunks * Shape.Groups * Shapes.DivideUp(Channels, channels)
            * Shapes.DivideUp(Outputs, outputs) < (long)ItemsPerThread * threads)
        {
            if (outputs > Math.Max(LeastOutputs, lanes))
                outputs = Even(outputs, 2);
            else if (channels > 1 && channels * Layout.Grid.Taps > LeastTaps)
                channels = (channels + 1) / 2;
            else
                break;
        }

        return (channels, outputs);
    }

    private int Even(int outputs, int parts) => Shapes.RoundUp(Shapes.DivideUp(outputs, parts), lanes);

    /// <summary>Elements of the partial sums of one chunk: dW as [group][tap][output channel], and db behind it.</summary>
    public long PartialSize => (long)Shape.Groups * ((Channels * Layout.Grid.Taps) + 1) * LdOutputs;

    public override string ToString() =>
        $"{(Lanes(Shape) == 1 ? "output channels" : "positions")} in lanes, {(Layout.IsImage ? "image in place" : "strip")}, "
        + $"strips of {Layout.Rows} rows, blocks of {ChannelBlock} x {OutputBlock} channels";

    /// <summary>
    /// Virtual lanes: 16 neighbouring columns where they fill registers better than the output channels do, else 1. A function of
    /// the shape alone, whatever the width of a tier's registers.
    /// </summary>
    public static int Lanes(Conv2DShape shape)
    {
        int outputs = shape.GroupOutputs;
        return outputs <= MostOutputsOfPositions && Filling(outputs) < Filling(shape.Q) ? MostLanes : 1;

        static double Filling(int size) => (double)size / Shapes.RoundUp(size, MostLanes);
    }

    /// <summary>The order of all sums: what <see cref="Conv2DPlan{T}.ReductionOrder"/> publishes.</summary>
    public static ReductionOrder Order(Conv2DShape shape, int batch) =>
        DepthwiseWeightGradientSchedule.Suits(shape) ? DepthwiseWeightGradientSchedule.Order(shape, batch)
            : new(Chunks(shape, batch), Lanes(shape));

    /// <summary>
    /// Multiply-adds that a chunk has at least: some tens of microseconds, beside which starting it and adding it to others is
    /// nothing.
    /// </summary>
    private const long LeastWork = 1 << 20;

    /// <summary>
    /// Chunks that the N*P output rows are summed in, a function of the shape alone: enough for many threads where there is work
    /// for them and the partial sums are small, one where they would exceed 2^17 elements: there the weights themselves are
    /// shared out.
    /// </summary>
    public static int Chunks(Conv2DShape shape, int batch) => Chunks(shape, (long)batch * shape.P, shape.Q);

    /// <summary>The same for so many rows of so many positions.</summary>
    public static int Chunks(Conv2DShape shape, long rows, double width)
    {
        rows = Math.Max(1, rows);
        double work = rows * width * shape.WeightCount;
        int chunks = 1;
        while (chunks < 16 && 2 * chunks <= rows && 2L * chunks * shape.WeightCount <= 1 << 17 && 2 * chunks * LeastWork <= work)
            chunks *= 2;
        return chunks;
    }
}
