using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One grid of a pass, with all that the choice of a strategy depends on.</summary>
/// <param name="Grid">The positions and their taps.</param>
/// <param name="Outputs">The rows of C of one group.</param>
/// <param name="Channels">Channels of one group that are summed over.</param>
/// <param name="Source">Strides of the image that is read.</param>
/// <param name="Target">Strides of the image that is written.</param>
/// <param name="ElementSize">Bytes of an element.</param>
internal sealed record ConvGrid(TapGrid Grid, PhaseOutputs Outputs, int Channels, ImageLayout Source, ImageLayout Target,
    int ElementSize);
