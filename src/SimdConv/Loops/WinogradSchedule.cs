using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How Winograd's algorithm runs one grid on one tier: tiles and block sizes.</summary>
/// <param name="grid">The one grid of a pass of stride 1.</param>
/// <param name="outputs">Output channels of one group.</param>
/// <param name="channels">Channels of one group that are summed over.</param>
/// <param name="size">M, the outputs of a tile on each axis.</param>
/// <param name="mr">The most rows of a tile of GEMM.</param>
/// <param name="width">Elements of a register.</param>
/// <param name="elementSize">Bytes of an element.</param>
internal sealed class WinogradSchedule(TapGrid grid, int outputs, int channels, int size, int mr, int width, int elementSize)
{
    public TapGrid Grid => grid;

    public int Outputs => outputs;

    public int Channels => channels;

    /// <summary>The matrix products that one convolution becomes.</summary>
    public int Matrices { get; } = (size + 2) * (size + 2);

    public int TilesHigh { get; } = (grid.Height + size - 1) / size;

    public int TilesWide { get; } = (grid.Width + size - 1) / size;

    public Panels Panels { get; } = new(outputs, mr);

    /// <summary>Registers of tiles of one block: the transformed tiles take at most half of L2, or are two registers wide.</summary>
    public int BlockVectors { get; } = Math.Max(2, CacheSizes.L2 / 2 / ((size + 2) * (size + 2) * channels * width * elementSize));

    /// <summary>Filter panels whose products are kept at once: a quarter of L2.</summary>
    public int BlockPanels(int lanes) => Math.Max(1, CacheSizes.L2 / 4 / (Matrices * lanes * Panels.Rows(0) * elementSize));

    /// <summary>Elements from one matrix to the next, which must not be a multiple of the ways of a cache.</summary>
    public nint Next(int rows, int lanes) => ((nint)rows * lanes) + (64 / elementSize);

    /// <summary>Elements of the transformed weights of one group.</summary>
    public long FilterSize => (long)Matrices * outputs * channels;

    public override string ToString() =>
        $"Winograd F({size}x{size}, 3x3), {TilesHigh} x {TilesWide} tiles an image, blocks of {BlockVectors} registers of tiles, GEMM tiles of {Panels.Rows(0)} rows";
}
