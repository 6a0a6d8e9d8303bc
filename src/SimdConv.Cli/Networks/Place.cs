namespace SimdConv.Cli.Networks;

/// <summary>
/// Elements from one pixel to the next of what a layer reads, and of what it gives: the images that there is room for.
/// </summary>
internal readonly record struct Place(int Input, int Output);
