using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How one grid of a convolution is run on one tier: block sizes, tables and the way B reaches the tile.</summary>
internal sealed partial class ConvSchedule
{
    /// <summary>With output channels in lanes: rows of the grid that are worth copying what their taps reach above and below, and reading all
    /// weights once more; fewer where blocks would have less terms than it takes to make storing and loading chains cheap.</summary>
    private const int GoodRows = 8, LeastRows = 4, GoodTerms = 1024;

    /// <summary>Bytes of a panel of weights, and of the strip that it streams by: both in L2, and together a workspace of less than 1 MB.</summary>
    private static readonly int PanelBytes = BlockSizes.L2 / 32 * 18, StripBytes = BlockSizes.L2 / 32 * 13;

    /// <summary>With output channels in lanes: positions that tiles leave in scratch before they are turned, whole squares most of them.</summary>
    public const int TurnedRows = 64;

    /// <summary>Keeps a thread's workspace below 1 MB, together with the strip.</summary>
    private const int MostScratchBytes = 3 << 18;

    private readonly int elementSize;

    private ConvSchedule(TapGrid grid, PhaseOutputs outputs, int channels, (ImageLayout Source, ImageLayout Target) images, ConvTile tile, ConvLanes lanes, int together, int elementSize)
    {
        this.elementSize = elementSize;
        Lanes = lanes;
        Grid = grid;
        PhaseOutputs = outputs;
        Outputs = outputs.Count;
        Channels = channels;
        Tile = tile;
        Together = together;

        int taps = Math.Max(1, grid.Taps), most;
        long budget;
        if (lanes == ConvLanes.Outputs)
        {
            // All channels if they fit, so that chains end in registers.
            budget = StripBytes / elementSize;
            long within = Math.Max(Within(GoodRows), Math.Min(Within(LeastRows), (GoodTerms + taps - 1) / taps));
            most = (int)Math.Clamp(Math.Min(PanelBytes / (tile.NR * elementSize) / taps, within), 1, channels);

            long Within(int height) => budget / Math.Max(1, new StripLayout(grid, Math.Min(height, grid.Height), 1).ChannelSize);
        }
        else if (lanes == ConvLanes.Rows)
        {
            // All channels, as the target can't hold what overlapping registers go on from.
            budget = StripBytes / elementSize;
            most = channels;
        }
        else
        {
            // KC: whole channels, the broadcast micro-panel within L1; then strips of rows with ChannelBlock channels within L2.
            budget = CacheSizes.LeastL2 / 2 / elementSize / together;
            most = Math.Clamp(BlockSizes.Kc(Math.Min(tile.MR, Outputs), elementSize) / taps, 1, channels);
        }

        Blocks = grid.Taps == 0 ? 1 : (channels + most - 1) / most;
        ChannelBlock = (channels + Blocks - 1) / Blocks;
        Blocks = (channels + ChannelBlock - 1) / ChannelBlock;
        int rows = StripLayout.RowsWithin(grid, ChannelBlock, budget);

        // In place, what a panel of filters gives of a strip lies beside it, twice: where chains start, and where they end.
        if (lanes == ConvLanes.Positions)
            rows = Math.Clamp(MostScratchBytes / (2 * tile.MR * new StripLayout(grid, 1, 1).Pitch * elementSize), 1, rows);
        Layout = lanes != ConvLanes.Positions && StripLayout.IsInImage(grid, channels, images.Source)
            ? StripLayout.OfImage(grid, rows, ChannelBlock, images.Source)
            : new StripLayout(grid, rows, ChannelBlock);
        Strips = (grid.Height + rows - 1) / rows;
        IsInKernelOrder = grid.Rows.Index().All(tap => tap.Item.Kernel == tap.Index) && grid.Columns.Index().All(tap => tap.Item.Kernel == tap.Index);
        Panels = lanes == ConvLanes.Outputs ? new Panels((Outputs + tile.NR - 1) / tile.NR * tile.NR, tile.NR) : new Panels(Outputs, tile.MR);
        Bands = [.. grid.Bands(isOne: lanes == ConvLanes.Outputs).Select(band => new Band(this, band))];
        FilterSize = Bands.Sum(band => band.FilterSize);
        long start = 0;
        foreach (Band band in Bands)
        {
            band.FilterStart = start;
            start += band.FilterSize;
        }

        double fill = Layout.IsImage ? 0 : FillCost * Strips * Layout.ChannelSize / tile.Lanes;
        if (lanes == ConvLanes.Outputs)
        {
            InPlace = true;
            Cost = Bands.Sum(band => band.Slices.Sum(CostWithOutputsInLanes)) + fill;
            return;
        }

        if (lanes == ConvLanes.Rows)
        {
            InPlace = true;
            Cost = double.PositiveInfinity;
            if (!SuitsRows(images.Target, budget))
                return;
            Cost = fill;
            rowTiles = new RowTile[rows + 1][];
            Windows.Add((0, Grid.Columns.Length));
            for (int strip = 0; strip < Strips; strip++)
            {
                foreach (Band band in Bands)
                {
                    int count = RowsOf(band, strip);
                    if (count > 0)
                        Cost += CostWithRowsInLanes(ChannelBlock * band.Taps) * (band.LastTap - band.FirstTap) * ColumnsSeen(rowTiles[count] ??= MakeRowTiles(count, images.Target));
                }
            }

            return;
        }

        // In place the tile also runs over the columns between rows; a packed panel has none, but is paid for.
        double inPlace = 0, packed = 0;
        foreach (Band band in Bands)
        {
            int bandRows = Math.Min(rows, band.Last - band.First);
            double tileCost = TileCost(ChannelBlock * band.Taps) * band.Taps * (band.Last - band.First) / bandRows;
            inPlace += Tiles(Positions(bandRows, Layout.Pitch), tile.NR) * tileCost;
            packed += Tiles(bandRows * grid.Width, tile.NR) * (tileCost + (PackingCost * tile.Vectors * band.Taps * (band.Last - band.First) / bandRows));
        }

        InPlace = together > 1 || inPlace <= packed;
        Cost = together > 1 ? Bands.Sum(band => TileCost(ChannelBlock * band.Taps) * band.Taps * (band.Last - band.First)) / together : Math.Min(inPlace, packed);
        Cost += fill;
    }

    /// <summary>Whether taps come row by row as in the kernel: those of the forward pass do.</summary>
    public bool IsInKernelOrder { get; }

    /// <summary>How rows of the grid are cut in tiles of neighbouring positions: each row by itself, or all as one where nothing lies between them.</summary>
    public (Panels Tiles, int Runs) PositionTiles(int rows) => Layout.Pitch == Grid.Width
        ? (new Panels(rows * Grid.Width, Tile.MR), 1)
        : (new Panels(Grid.Width, Tile.MR), rows);

    /// <summary>What the lanes of the tiles are.</summary>
    public ConvLanes Lanes { get; }

    public TapGrid Grid { get; }

    public StripLayout Layout { get; }

    public ConvTile Tile { get; }

    /// <summary>
    /// Images that a tile takes together, a register each: rows of the grid that fit in one. 1 where that doesn't pay.
    /// </summary>
    public int Together { get; }

    /// <summary>Rows of the grid that see the same rows of taps.</summary>
    public Band[] Bands { get; }

    /// <summary>Multiply-adds of registers for one channel, everything told: what the tile is chosen by.</summary>
    public double Cost { get; }

    /// <summary>Rows of C: output channels of one group, in each phase that the grid stands for.</summary>
    public int Outputs { get; }

    /// <summary>What each row of C is.</summary>
    public PhaseOutputs PhaseOutputs { get; }

    /// <summary>The outputs and what fills up the last register of them.</summary>
    public int PackedOutputs => Lanes == ConvLanes.Outputs ? Panels.Count * Tile.NR : Outputs;

    /// <summary>The outputs of a panel, without what fills up its last register.</summary>
    public int PanelOutputs(int panel) => Math.Min(Panels.Rows(panel), Outputs - Panels.Start(panel));

    /// <summary>Elements of the packed weights of all grids of a pass.</summary>
    public static long FilterSizeOf(ConvSchedule[] schedules, int groups)
    {
        long size = 0;
        foreach (ConvSchedule schedule in schedules)
            size += schedule.FilterSize * groups;
        return size;
    }

    /// <summary>Whether no panel of weights is read for more than one image and strip, and no kernel for more than one grid.</summary>
    public static bool UseEachPanelOnce(ConvSchedule[] schedules, int batch)
    {
        bool once = batch == 1;
        int grids = 0;
        foreach (ConvSchedule schedule in schedules)
        {
            once &= schedule.Lanes == ConvLanes.Outputs && schedule.Strips == 1;
            grids += Math.Sign(schedule.Grid.Taps);
        }

        return once && grids == 1;
    }

    /// <summary>Channels of one group that are summed over.</summary>
    public int Channels { get; }

    /// <summary>Channels of one block of KC terms.</summary>
    public int ChannelBlock { get; }

    public int Blocks { get; }

    public int Strips { get; }

    public Panels Panels { get; }

    /// <summary>Whether tiles read the strip through the offset table instead of packed panels.</summary>
    public bool InPlace { get; }

    /// <summary>Whether filter panels may be run one after the other on a strip that is copied once.</summary>
    public bool KeepsStrip => Blocks == 1 && (InPlace || Lanes != ConvLanes.Positions);

    /// <summary>Elements of all packed panels of one group.</summary>
    public long FilterSize { get; }

    /// <summary>Where the packed weights of this grid begin.</summary>
    public long FilterStart { get; private set; }

    /// <summary>The schedules of all grids of a pass, each with the tile that costs least.</summary>
    /// <param name="grids">The grids.</param>
    /// <param name="outputs">Output channels of one group.</param>
    /// <param name="channels">Channels of one group that are summed over.</param>
    /// <param name="groups">Groups.</param>
    /// <param name="images">The strides of the image that is read, and of the one that is written.</param>
    /// <param name="tiles">The tiles of the tier, the best for large problems first.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public static ConvSchedule[] Make(IEnumerable<TapGrid> grids, int outputs, int channels, int groups, (ImageLayout Source, ImageLayout Target) images, ConvTile[] tiles, int elementSize)
    {
        List<ConvSchedule> schedules = [];
        long start = 0;
        foreach (TapGrid grid in grids)
        {
            List<ConvSchedule> choices = [];
            PhaseOutputs rows = new(grid, outputs, images.Target);
            foreach (ConvTile tile in tiles)
            {
                if (tile.Slides == 0 || CanSlide(grid, tile.Slides))
                    choices.Add(new(grid, rows, channels, images, tile, ConvLanes.Outputs, 1, elementSize));
                if (tile.Vectors == 1 || tile.IsHalf || grid.Phases > 1)
                    continue;
                choices.Add(new(grid, rows, channels, images, tile, ConvLanes.Rows, 1, elementSize));
                choices.Add(new(grid, rows, channels, images, tile, ConvLanes.Positions, 1, elementSize));
                if (grid.Width <= tile.NR / tile.Vectors && tile.Vectors > 1 && outputs <= tile.MR)
                    choices.Add(new(grid, rows, channels, images, tile, ConvLanes.Positions, tile.Vectors, elementSize));
            }

            ConvSchedule best = choices.MinBy(schedule => schedule.Cost)!;
            foreach (Band band in best.Bands)
                band.Choose(best.Windows);
            best.FilterStart = start;
            start += best.FilterSize * groups;
            schedules.Add(best);
        }

        return [.. schedules];
    }

    /// <summary>Whether the taps of a row of the kernel are so many and neighbours in the strip.</summary>
    private static bool CanSlide(TapGrid grid, int taps) =>
        grid.Columns.Length == taps && grid.StrideW == 1 && grid.Columns.Index().All(tap => tap.Item.Offset == grid.Columns[0].Offset + tap.Index);

    /// <summary>Columns of a tile that <paramref name="rows"/> rows of the grid take in place, <paramref name="pitch"/> apart.</summary>
    public int Positions(int rows, int pitch) => ((rows - 1) * pitch) + Grid.Width;

    public override string ToString()
    {
        string way = Lanes == ConvLanes.Rows ? $"rows in lanes, {(Layout.IsImage ? "image in place" : "strip")}"
            : Lanes == ConvLanes.Outputs ? $"output channels in {(Tile.IsHalf ? "half " : "")}lanes{(Tile.Slides > 0 ? " of sliding tiles" : "")}, {(Layout.IsImage ? "image in place" : "strip")}" : InPlace ? "strip in place" : "packed panels";
        int height = Lanes == ConvLanes.Outputs ? PositionTiles(Layout.Rows).Tiles.Rows(0) : Panels.Rows(0);
        return $"{way}, {Strips} strip(s) of {Layout.Rows} rows, {Bands.Length} band(s), {Blocks} block(s) of {ChannelBlock} channels, tiles of {height} x {Tile.Vectors} registers{(Together > 1 ? $" over {Together} images" : "")}";
    }
}
