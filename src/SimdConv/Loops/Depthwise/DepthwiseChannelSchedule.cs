using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>How a strip of a depthwise convolution with channels in lanes lies in memory, in pixels of a register each.</summary>
internal sealed class DepthwiseChannelSchedule
{
    /// <summary>Strips have an even number of rows where there are several: tiles take two at a time.</summary>
    private const int RowUnit = 2;

    /// <summary>Where strides are larger, the strip would hold pixels that no tap sees.</summary>
    private const int MostStride = 2;

    // Costs in cycles of two multiply-adds each, fitted to times of depthwise layers on a Zen 5 with AVX-512.
    private const double TapOfChannels = 0.6, TapOfPlanes = 1.05, TapOfPlanes3X3 = 0.6, RegisterOfPlanes = 4;

    /// <summary>Of a register of channels of a pixel, read or written.</summary>
    private const double CopyOfChannels = 3, TransposeOfPlanes = 8;

    /// <summary>Of a register of pixels, when channels that are neighbours in memory become planes.</summary>
    private const double TransposeOfChannels = 2;

    /// <param name="grid">The only grid of the forward pass or of the input gradient.</param>
    /// <param name="registerBytes">Bytes of a register of channels.</param>
    public DepthwiseChannelSchedule(TapGrid grid, int registerBytes)
    {
        Grid = grid;
        Height = (int)Span(grid.Rows);
        Pitch = (int)PitchOf(grid);
        long budget = Budget / registerBytes / Pitch;
        long most = Math.Max(RowUnit, ((budget - Height) / grid.StrideH) + 1);
        int strips = (int)Shapes.DivideUp(grid.Height, Math.Min(most, grid.Height));
        Rows = strips == 1 ? grid.Height : Shapes.RoundUp(Shapes.DivideUp(grid.Height, strips), RowUnit);
        Strips = Shapes.DivideUp(grid.Height, Rows);
        First = Math.Clamp(-grid.Columns[0].Offset, 0, Pitch);
        Source = grid.Columns[0].Offset + First;
        Inside = Math.Clamp(grid.SourceWidth - Source, 0, Pitch - First);
    }

    /// <summary>Bytes of a strip, which stays in L2 beside the pixels that are read and written.</summary>
    private static int Budget => BlockSizes.L2 / 8;

    public TapGrid Grid { get; }

    /// <summary>The most rows of outputs of a strip, and how many strips there are.</summary>
    public int Rows { get; }

    /// <inheritdoc cref="Rows"/>
    public int Strips { get; }

    /// <summary>Rows of the source that one row of outputs sees, and pixels from one row of the strip to the next.</summary>
    public int Height { get; }

    /// <inheritdoc cref="Height"/>
    public int Pitch { get; }

    /// <summary>
    /// Pixels of a row of the strip that lie in the image: the first one, how many, and the source's column of the first.
    /// </summary>
    public int First { get; }

    /// <inheritdoc cref="First"/>
    public int Inside { get; }

    /// <inheritdoc cref="First"/>
    public int Source { get; }

    /// <summary>Pixels of the strip, with those that a tile reads behind the last one.</summary>
    public long StripPixels =>
        ((((Rows - 1L) * Grid.StrideH) + Height) * Pitch) + (ChannelColumns.Wide * (long)Grid.StrideW);

    /// <summary>Whether a depthwise convolution can be run so, and costs less than with planes in lanes.</summary>
    /// <param name="shape">The geometry.</param>
    /// <param name="grids">The grids of the direction.</param>
    /// <param name="source">Strides of the source.</param>
    /// <param name="lanes">Elements of a register.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    public static bool Suits(Conv2DShape shape, TapGrid[] grids, ImageLayout source, int lanes, int elementSize)
    {
        TapGrid grid = grids[0];
        if (shape.GroupOutputs != 1 || grids.Length > 1 || lanes == 1 || grid.StrideH > MostStride || grid.StrideW > MostStride)
            return false;
        if (grid.Height < RowUnit || grid.Width < ChannelColumns.Narrow || grid.Taps == 0)
            return false;
        long least = PitchOf(grid) * (((RowUnit - 1L) * grid.StrideH) + Span(grid.Rows)) * lanes * elementSize;
        return least <= Budget && CostOfChannels(shape, grid, source, lanes) < CostOfPlanes(shape, grid, source, lanes);
    }

    /// <summary>Cycles, as if of two multiply-adds each, for all channels.</summary>
    private static double CostOfChannels(Conv2DShape shape, TapGrid grid, ImageLayout source, int lanes)
    {
        double transposed = source.C == 1 ? CopyOfChannels : TransposeOfPlanes;
        double outputs = Shapes.RoundUp(grid.Height, RowUnit) * (double)ChannelColumns.Computed(grid.Width);
        return Shapes.DivideUp(shape.C, lanes)
            * ((outputs * grid.Taps * TapOfChannels) + (transposed * (outputs + ((double)grid.SourceHeight * grid.SourceWidth))));
    }

    private static double CostOfPlanes(Conv2DShape shape, TapGrid grid, ImageLayout source, int lanes)
    {
        double registers = (double)shape.C * grid.Height * Shapes.DivideUp(grid.Width, lanes);
        double tap = grid.Rows.Length == 3 && grid.Columns.Length == 3 ? TapOfPlanes3X3 : TapOfPlanes;
        double pixels = (double)shape.C * grid.SourceHeight * grid.SourceWidth;
        double transposed = source.C == 1 ? TransposeOfChannels * pixels / lanes : 0;
        return (registers * ((grid.Taps * tap) + RegisterOfPlanes)) + transposed;
    }

    private static long PitchOf(TapGrid grid) => ((grid.Width - 1L) * grid.StrideW) + Span(grid.Columns);

    private static long Span((int Kernel, int Offset)[] taps) => (long)taps[^1].Offset - taps[0].Offset + 1;
}
