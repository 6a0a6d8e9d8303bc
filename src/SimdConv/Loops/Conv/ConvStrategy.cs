using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// How one grid of a convolution is run on one tier: which dimension lies in the lanes of a tile, block sizes, tables, and the
/// loops from a strip to the target. A strategy is a class of its own: it says where it suits, what it costs and how it runs.
/// </summary>
internal abstract class ConvStrategy
{
    /// <summary>
    /// What copying a register of a strip costs, in multiply-adds of a register: it comes from L2 or memory most of the time.
    /// </summary>
    private const double FillCost = 12;

    /// <summary>
    /// Bytes of a strip that a panel of weights streams by: both in L2, and together a workspace of less than 1 MB.
    /// </summary>
    protected static readonly int StripBytes = BlockSizes.L2 / 32 * 13;

    /// <summary>How a strategy cuts a grid.</summary>
    /// <param name="Channels">Channels of a block, of which each but the last has as many.</param>
    /// <param name="Rows">The most rows of a strip.</param>
    /// <param name="Panels">Outputs by panels of weights.</param>
    /// <param name="ReadsImage">Whether tiles may read the image itself where it is like a strip.</param>
    /// <param name="JoinsBands">Whether many bands become one, as slices leave out the same terms.</param>
    protected readonly record struct Cut(int Channels, int Rows, Panels Panels, bool ReadsImage, bool JoinsBands);

    protected ConvStrategy(ConvGrid problem, ConvTile tile, Cut cut)
    {
        Grid = problem.Grid;
        PhaseOutputs = problem.Outputs;
        Channels = problem.Channels;
        ElementSize = problem.ElementSize;
        Tile = tile;
        Panels = cut.Panels;
        ChannelBlock = cut.Channels;
        Blocks = Shapes.DivideUp(Channels, ChannelBlock);
        Layout = problem.Layout(cut.Rows, ChannelBlock, cut.ReadsImage && problem.IsInImage);
        Strips = Shapes.DivideUp(Grid.Height, cut.Rows);
        Runs = cut.JoinsBands ? Grid.JoinedBands : Grid.Bands;
    }

    /// <summary>
    /// The strategies of a grid with the tiles that each suits, in order of preference: tile by tile, and the first of those that
    /// cost least is taken. This is the one list of strategies; a further one is a class and a line here. A grid without taps
    /// costs each of them the same.
    /// </summary>
    /// <param name="grid">The grid.</param>
    /// <param name="tiles">The tiles of the tier, the best for large problems first.</param>
    public static List<ConvStrategy> Candidates(ConvGrid grid, ReadOnlySpan<ConvTile> tiles)
    {
        List<ConvStrategy> candidates = new(4 * tiles.Length);
        foreach (ConvTile tile in grid.Grid.Taps == 0 ? tiles[..1] : tiles)
        {
            OutputsInLanes.AddTo(candidates, grid, tile);
            RowsInLanes.AddTo(candidates, grid, tile);
            PositionsInLanes.AddTo(candidates, grid, tile);
        }

        return candidates;
    }

    /// <summary>What is in lanes.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Multiply-adds of registers for one channel, with loads, packing and stores told in the same unit, as measured on Zen 4:
    /// what strategy and tile are chosen by.
    /// </summary>
    public abstract double Cost { get; }

    /// <summary>Elements of the arrays that a thread works with.</summary>
    public abstract ConvSizes Sizes { get; }

    /// <summary>Images that a tile takes together, a register each.</summary>
    public virtual int Together => 1;

    /// <summary>
    /// Whether a panel has whole registers of outputs for each term, with zeros behind the last output; else the outputs alone,
    /// which are broadcast.
    /// </summary>
    public virtual bool PacksRegisters => false;

    /// <summary>Whether tiles can pass over the taps of a band that their rows don't see.</summary>
    public virtual bool PassesOverTaps => false;

    /// <summary>Whether filter panels may be run one after the other on a strip that is copied once.</summary>
    public virtual bool KeepsStrip => Blocks == 1;

    public TapGrid Grid { get; }

    public StripLayout Layout { get; }

    public ConvTile Tile { get; }

    /// <summary>Rows of the grid that see the same rows of taps.</summary>
    public TapGrid.RowRun[] Runs { get; }

    /// <summary>The <see cref="Runs"/> with their weights and tables, made when first asked for.</summary>
    public ConvBand[] Bands => field ??= MakeBands();

    /// <summary>What each row of C is.</summary>
    public PhaseOutputs PhaseOutputs { get; }

    /// <summary>Rows of C: output channels of one group, in each phase that the grid stands for.</summary>
    public int Outputs => PhaseOutputs.Count;

    /// <summary>Channels of one group that are summed over.</summary>
    public int Channels { get; }

    /// <summary>Channels of one block of KC terms.</summary>
    public int ChannelBlock { get; }

    public int Blocks { get; }

    public int Strips { get; }

    /// <summary>Outputs by panels of weights, and what fills up the last register of them.</summary>
    public Panels Panels { get; }

    /// <summary>The outputs and what fills up the last register of them.</summary>
    public int PackedOutputs => Panels.Start(Panels.Count);

    /// <summary>Elements of all packed panels of one group.</summary>
    public long FilterSize => Bands[^1].FilterStart + Bands[^1].FilterSize;

    /// <summary>Where the packed weights of this grid begin among those of all grids of a pass.</summary>
    public long FilterStart { get; set; }

    protected int ElementSize { get; }

    /// <summary>What copying all strips costs.</summary>
    protected double StripCost => Layout.IsImage ? 0 : FillCost * Strips * Layout.ChannelSize / Tile.Lanes;

    /// <summary>The outputs of a panel, without what fills up its last register.</summary>
    public int PanelOutputs(int panel) => Math.Min(Panels.Rows(panel), Outputs - Panels.Start(panel));

    /// <summary>See <see cref="ConvPass{T}.AddLayout"/>.</summary>
    public void AddLayout(List<int> layout)
    {
        layout.AddRange(PacksRegisters ? 1 : 0, ChannelBlock, Panels.Count, PackedOutputs, Bands.Length);
        foreach (ConvBand band in Bands)
            layout.AddRange(band.FirstTap, band.LastTap);
        Grid.AddTaps(layout);
        PhaseOutputs.AddOrder(layout);
    }

    /// <summary>
    /// The loops of this strategy over one band of an item, closed over the lanes and the tile of this strategy.
    /// </summary>
    public abstract unsafe delegate*<ConvStrategy, in ConvItem<TVec, T>, ConvBand, void> BandLoop<TVec, THalf, T, TFlat>()
        where TVec : unmanaged, ILanes<TVec, T>
        where THalf : unmanaged, ILanes<THalf, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFlat : struct, IConstant;

    public override string ToString() =>
        $"{Way}, {Strips} strip(s) of {Layout.Rows} rows, {Runs.Length} band(s), {Blocks} block(s) of {ChannelBlock} channels, "
        + $"tiles of {TileRows} x {Tile.Vectors} registers";

    /// <summary>What is in lanes, and the way of the image to the tile.</summary>
    protected abstract string Way { get; }

    /// <summary>Where a strategy that may read the image finds it.</summary>
    protected string SourceWay => Layout.IsImage ? "image in place" : "strip";

    /// <summary>Rows of the tallest tile.</summary>
    protected virtual int TileRows => Panels.Rows(0);

    private ConvBand[] MakeBands()
    {
        ConvBand[] bands = new ConvBand[Runs.Length];
        long filterStart = 0;
        for (int i = 0; i < bands.Length; i++)
        {
            bands[i] = new ConvBand(this, i, Runs[i], filterStart);
            filterStart += bands[i].FilterSize;
        }

        return bands;
    }

    /// <summary>Channels of a block, at most <paramref name="most"/> and evened out over the blocks.</summary>
    protected static int ChannelsOfBlock(ConvGrid problem, int most)
    {
        if (problem.Grid.Taps == 0 || problem.Channels <= most)
            return problem.Channels;
        return new Panels(problem.Channels, most).Rows(0);
    }

    /// <summary>
    /// What a term of a tile with weights broadcast costs at least, in multiply-adds of a register: as many broadcasts as rows,
    /// an unaligned load or two for each register of B, its offset. With few chains the loads decide; measured on Zen 4, where a
    /// 512-bit load takes a cycle.
    /// </summary>
    protected static int Loads(int rows, int vectors) => rows + (2 * vectors) + 2;
}
