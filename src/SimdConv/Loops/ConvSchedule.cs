using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How one grid of a convolution is run on one tier: block sizes, tables and the way B reaches the tile.</summary>
internal sealed class ConvSchedule
{
    /// <summary>What packing a register of a panel costs, in multiply-adds of a register: measured on Zen 4.</summary>
    private const int PackingCost = 4;

    public ConvSchedule(TapGrid grid, int outputs, int channels, int mr, int nr, int elementSize)
    {
        Grid = grid;
        Outputs = outputs;
        Channels = channels;

        // KC: whole channels, the broadcast micro-panel within L1; then strips of rows with ChannelBlock channels within L2.
        int most = Math.Clamp(BlockSizes.Kc(Math.Min(mr, outputs), elementSize) / Math.Max(1, grid.Taps), 1, channels);
        Blocks = grid.Taps == 0 ? 1 : (channels + most - 1) / most;
        ChannelBlock = (channels + Blocks - 1) / Blocks;
        Blocks = (channels + ChannelBlock - 1) / ChannelBlock;
        int rows = StripLayout.RowsWithin(grid, ChannelBlock, BlockSizes.L2Bytes / 2 / elementSize);
        Layout = new StripLayout(grid, rows, ChannelBlock);
        Strips = (grid.Height + rows - 1) / rows;
        Panels = new Panels(outputs, mr);

        // In place the tile also runs over the columns between rows; a packed panel has none, but is paid for.
        long inPlace = Tiles(rows * Layout.Pitch, nr) * outputs;
        long packed = Tiles(rows * grid.Width, nr) * (outputs + PackingCost);
        InPlace = inPlace <= packed;
    }

    public TapGrid Grid { get; }

    public StripLayout Layout { get; }

    /// <summary>Rows of C: output channels of one group.</summary>
    public int Outputs { get; }

    /// <summary>Channels of one group that are summed over.</summary>
    public int Channels { get; }

    /// <summary>Channels of one block of KC terms.</summary>
    public int ChannelBlock { get; }

    public int Blocks { get; }

    public int Strips { get; }

    public Panels Panels { get; }

    /// <summary>Whether tiles read the strip through the offset table instead of packed panels.</summary>
    public bool InPlace { get; }

    /// <summary>Elements of all packed panels of one group.</summary>
    public long FilterSize => (long)Outputs * Channels * Grid.Taps;

    /// <summary>Where the panel of a block begins among the packed panels of its group.</summary>
    public long FilterOffset(int block, int panel)
    {
        int first = block * ChannelBlock, count = Math.Min(ChannelBlock, Channels - first);
        return ((long)Outputs * first * Grid.Taps) + ((long)Panels.Start(panel) * count * Grid.Taps);
    }

    public override string ToString() =>
        $"{(InPlace ? "strip in place" : "packed panels")}, {Strips} strip(s) of {Layout.Rows} rows, {Blocks} block(s) of {ChannelBlock} channels, tiles of {Panels.Rows(0)} rows";

    private static long Tiles(long positions, int nr) => (positions + nr - 1) / nr;
}
