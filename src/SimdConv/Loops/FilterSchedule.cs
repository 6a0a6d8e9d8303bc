using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How the weight gradient of a convolution is run on one tier: block sizes and tables.</summary>
internal sealed class FilterSchedule
{
    public FilterSchedule(Conv2DShape shape, int lanes, int elementSize)
    {
        Shape = shape;
        TapGrid grid = TapGrid.Forward(shape);
        Channels = shape.C / shape.Groups;
        Outputs = shape.K / shape.Groups;
        LdOutputs = (Outputs + lanes - 1) / lanes * lanes;

        // Enough taps to pay for laying out dY once more for each block of channels, and a strip that stays in L2 beside dY's.
        int most = Math.Clamp(512 / grid.Taps, 1, Channels);
        int blocks = (Channels + most - 1) / most;
        ChannelBlock = (Channels + blocks - 1) / blocks;
        Blocks = (Channels + ChannelBlock - 1) / ChannelBlock;
        int budget = BlockSizes.L2Bytes / 2 / elementSize;
        int rows = Math.Min(StripLayout.RowsWithin(grid, ChannelBlock, budget), (int)Math.Clamp((long)budget / ((long)grid.Width * LdOutputs), 1, grid.Height));
        Layout = new StripLayout(grid, rows, ChannelBlock);
    }

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

    public int ChannelBlock { get; }

    public int Blocks { get; }

    /// <summary>Elements of the partial sums of one chunk: dW as [group][tap][output channel], and db behind it.</summary>
    public long PartialSize => (long)Shape.Groups * ((Channels * Layout.Grid.Taps) + 1) * LdOutputs;

    public override string ToString() =>
        $"x in place, {(Lanes(Shape) == 1 ? "output channels" : "positions")} in lanes, strips of {Layout.Rows} rows, {Blocks} block(s) of {ChannelBlock} channels";

    /// <summary>
    /// Virtual lanes: 16 neighbouring columns where they fill registers better than the output channels do, else 1. A function of the
    /// shape alone, whatever the width of a tier's registers.
    /// </summary>
    public static int Lanes(Conv2DShape shape)
    {
        int outputs = shape.K / shape.Groups;
        return outputs <= 12 && Filling(outputs) < Filling(shape.Q) ? MostLanes : 1;

        static double Filling(int size) => (double)size / ((size + MostLanes - 1) / MostLanes * MostLanes);
    }

    /// <summary>The order of all sums: what <see cref="Conv2DPlan{T}.ReductionOrder"/> publishes.</summary>
    public static ReductionOrder Order(Conv2DShape shape, int batch) =>
        DepthwiseFilterSchedule.Suits(shape) ? DepthwiseFilterSchedule.Order(shape, batch) : new(Chunks(shape, batch), Lanes(shape));

    /// <summary>
    /// Chunks that the N*P output rows are summed in, a function of the shape alone: enough for many threads where the
    /// partial sums are small, one where they would exceed 2^20 elements.
    /// </summary>
    public static int Chunks(Conv2DShape shape, int batch)
    {
        long rows = Math.Max(1, (long)batch * shape.P);
        int chunks = 1;
        while (chunks < 16 && 2 * chunks <= rows && 2L * chunks * shape.WeightCount <= 1 << 20)
            chunks *= 2;
        return chunks;
    }
}
