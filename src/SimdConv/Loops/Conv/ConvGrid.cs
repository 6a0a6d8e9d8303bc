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
    int ElementSize)
{
    /// <summary>Whether tiles may read the source itself as if it were a strip.</summary>
    public bool IsInImage { get; } = StripLayout.IsInImage(Grid, Channels, Source);

    /// <summary>The layout that was asked for last: candidates with different tiles mostly cut the grid alike.</summary>
    private StripLayout? layout;

    /// <summary>
    /// The layout for strips of at most <paramref name="rows"/> rows and <paramref name="channels"/> channels, or that of the
    /// image itself.
    /// </summary>
    public StripLayout Layout(int rows, int channels, bool isImage)
    {
        if (layout == null || (layout.Rows, layout.Channels, layout.IsImage) != (rows, channels, isImage))
            layout = isImage ? StripLayout.OfImage(Grid, rows, channels, Source) : new(Grid, rows, channels);
        return layout;
    }
}
