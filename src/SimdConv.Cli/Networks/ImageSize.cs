using System.Numerics;

namespace SimdConv.Cli.Networks;

/// <summary>Channels, rows and columns of an image, or of what a layer makes of it.</summary>
internal readonly record struct ImageSize(int Channels, int Height, int Width)
{
    private ImageLayout Apart => ImageLayout.Nchw(Channels, Height, Width);

    public int Elements => Channels * Height * Width;

    /// <summary>Where the values of a batch lie, images innermost, with room for so many.</summary>
    public ImageLayout Layout(int images) => ImageLayout.Chwn(Channels, Height, Width, images);

    /// <summary>Brings images that lie one after the other to the layout of so many images.</summary>
    public void ToInnermost<T>(int batch, ReadOnlySpan<T> from, Span<T> to, int images, Execution execution)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Images.Copy(batch, Channels, Height, Width, from, Apart, to, Layout(images), execution);

    /// <summary>The inverse.</summary>
    public void ToOutermost<T>(int batch, ReadOnlySpan<T> from, int images, Span<T> to, Execution execution)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Images.Copy(batch, Channels, Height, Width, from, Layout(images), to, Apart, execution);

    public override string ToString() => $"{Channels} x {Height} x {Width}";
}
