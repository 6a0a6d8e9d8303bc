using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How Winograd's algorithm runs one grid on one tier: tiles and block sizes.</summary>
/// <param name="grid">The one grid of a pass of stride 1.</param>
/// <param name="outputs">Output channels of one group.</param>
/// <param name="channels">Channels of one group that are summed over.</param>
/// <param name="tile">M, the outputs of a tile on each axis, and R, the taps of the kernel.</param>
/// <param name="areImagesInLanes">Whether images are innermost on both sides, so that they are in lanes.</param>
/// <param name="mr">The most rows of a tile of GEMM.</param>
/// <param name="width">Elements of a register.</param>
/// <param name="elementSize">Bytes of an element.</param>
/// <param name="transformFilters">U = G g G^T in double lanes of the tier.</param>
internal sealed unsafe class WinogradSchedule(TapGrid grid, int outputs, int channels, (int Outputs, int Taps) tile,
    bool areImagesInLanes, int mr, int width, int elementSize, delegate*<double*, double*, nint, nint, void> transformFilters)
{
    private const int MostTiles = 8, LeastOutputs = 16;

    public TapGrid Grid => grid;

    /// <summary>
    /// Of filters side by side: from rows of taps to rows of points, with the elements from one row to the next, and filters.
    /// </summary>
    public delegate*<double*, double*, nint, nint, void> TransformFilters { get; } = transformFilters;

    public int Outputs => outputs;

    public int Channels => channels;

    /// <summary>The matrix products that one convolution becomes.</summary>
    public int Matrices { get; } = (tile.Outputs + tile.Taps - 1) * (tile.Outputs + tile.Taps - 1);

    public int TilesHigh { get; } = Shapes.DivideUp(grid.Height, tile.Outputs);

    public int TilesWide { get; } = Shapes.DivideUp(grid.Width, tile.Outputs);

    /// <summary>Whether a register holds the same tile of neighbouring images.</summary>
    public bool AreImagesInLanes => areImagesInLanes;

    /// <summary>
    /// Whether output channels are the lanes, not tiles: where an image has few tiles of 4x4, and the filters fill registers. A
    /// function of the shape alone, for the filter's last roundings depend on it.
    /// </summary>
    public bool LanesAreOutputs { get; } = tile.Outputs == 4 && !areImagesInLanes && outputs >= LeastOutputs
        && (grid.Height + 3) / 4 * ((grid.Width + 3) / 4) <= MostTiles;

    /// <summary>Output channels by the rows of a tile of GEMM.</summary>
    public Panels Panels { get; } = new(outputs, mr);

    /// <summary>Whether the products of so many tiles are too few for a second thread.</summary>
    public bool IsSerial(double tiles, int groups) => tiles * groups * Matrices * outputs * channels <= WorkQueue.SerialLimit;

    /// <summary>
    /// Items that share a unit of work, a block of tiles of a group, where units don't even out between threads: each item has
    /// some filter panels, and transforms the tiles anew.
    /// </summary>
    public int Shares(long units, int threads) =>
        units % threads == 0 || units >= 4L * threads ? 1 : Math.Min(threads, Shareable);

    /// <summary>What items may share out: panels, or registers of output channels.</summary>
    public int Shareable => LanesAreOutputs ? Shapes.DivideUp(outputs, width) : Panels.Count;

    /// <summary>
    /// Registers of tiles of one block: the transformed tiles take at most half of L2, but there are at least two registers, for
    /// which a filter panel is loaded once; more than eight would gain nothing and make the products of a panel larger.
    /// </summary>
    public int BlockVectors { get; } =
        (int)Math.Clamp(CacheSizes.L2 / 2 / ((long)(tile.Outputs + tile.Taps - 1) * (tile.Outputs + tile.Taps - 1) * channels
            * width * elementSize), 2, 8);

    /// <summary>
    /// Images of a block, where they are in lanes: 64, so that much is read and written in a row, if the transformed tiles of
    /// both sides then have at most 2^18 elements. A function of the shape alone, for the order of a weight gradient depends on
    /// it.
    /// </summary>
    public int BlockImages { get; } =
        ((long)outputs + channels) * (tile.Outputs + tile.Taps - 1) * (tile.Outputs + tile.Taps - 1) <= 1 << 12 ? 64 : 32;

    /// <summary>The tiles of a batch, cut in blocks of at most so many registers for so many threads.</summary>
    public TileOrder Order(int batch, int groups, int threads, int blockVectors) =>
        new(batch, TilesHigh, TilesWide, areImagesInLanes ? BlockImages : 0, width, blockVectors, groups, threads);

    /// <summary>Channels whose taps, a register of each, take a sixteenth of L2.</summary>
    public int BlockChannels { get; } = CacheSizes.L2 / 16 / (tile.Taps * tile.Taps * width * elementSize);

    /// <summary>Filter panels whose products are kept at once: a quarter of L2.</summary>
    public int BlockPanels(int lanes) => Math.Max(1, CacheSizes.L2 / 4 / (Matrices * lanes * Panels.Rows(0) * elementSize));

    /// <summary>
    /// Elements from one matrix to the next. A cache line between them keeps equal elements of all matrices out of one set.
    /// </summary>
    public nint Next(int rows, int lanes) => ((nint)rows * lanes) + (64 / elementSize);

    /// <summary>Elements of the transformed weights of one group.</summary>
    public long FilterSize => LanesAreOutputs
        ? (long)tile.Taps * tile.Taps * Shareable * width * channels
        : (long)Matrices * outputs * channels;

    /// <summary>See <see cref="ConvPass{T}.AddLayout"/>.</summary>
    public void AddLayout(List<int> layout)
    {
        if (LanesAreOutputs)
            layout.AddRange((int)PanelOrder.WinogradTaps, tile.Outputs, width);
        else
            layout.AddRange((int)PanelOrder.Winograd, tile.Outputs, Panels.Count);
        grid.AddTaps(layout);
    }

    public override string ToString() =>
        $"Winograd F({tile.Outputs}x{tile.Outputs}, {tile.Taps}x{tile.Taps}), {TilesHigh} x {TilesWide} tiles an image, "
        + $"blocks of {BlockVectors} registers of tiles, "
        + (LanesAreOutputs ? "output channels in lanes"
            : areImagesInLanes ? "images in lanes" : $"GEMM tiles of {Panels.Rows(0)} rows");
}
