namespace SimdConv.Cli.Networks;

/// <summary>A convolution with a bias.</summary>
internal sealed record ConvLayer(string Name, ImageSize Input, ImageSize Output, Conv2DShape Shape) : Layer(Name, Input, Output)
{
    public override int[] WeightShape => [Shape.K, Shape.C / Shape.Groups, Shape.R, Shape.S];
}
