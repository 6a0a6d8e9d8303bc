namespace SimdConv.Cli.Networks;

/// <summary>The largest or the mean value of windows.</summary>
internal sealed record PoolLayer(string Name, ImageSize Input, ImageSize Output, Pool2DShape Shape, PoolKind Kind)
    : Layer(Name, Input, Output);
