namespace SimdConv.Cli.Networks;

/// <summary>Each output a sum over all inputs, with a bias.</summary>
internal sealed record DenseLayer(string Name, ImageSize Input, ImageSize Output) : Layer(Name, Input, Output)
{
    public override int[] WeightShape => [Output.Elements, Input.Elements];
}
