namespace SimdConv.Cli.Networks;

/// <summary>Channels, rows and columns of an image, or of what a layer makes of it.</summary>
internal readonly record struct ImageSize(int Channels, int Height, int Width)
{
    public int Elements => Channels * Height * Width;

    /// <summary>Where the values of a batch lie, images innermost, with room for so many.</summary>
    public ImageLayout Layout(int images) => ImageLayout.Chwn(Channels, Height, Width, images);

    public override string ToString() => $"{Channels} x {Height} x {Width}";
}
