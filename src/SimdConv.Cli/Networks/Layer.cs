namespace SimdConv.Cli.Networks;

/// <summary>A layer of a network: what it reads and gives, and its place among the network's parameters.</summary>
/// <param name="Name">Its kind and number, such as conv1.</param>
/// <param name="Input">Of what it reads.</param>
/// <param name="Output">Of what it gives.</param>
internal abstract record Layer(string Name, ImageSize Input, ImageSize Output)
{
    /// <summary>What is applied to the sums, in the same step.</summary>
    public LayerActivation Activation { get; init; }

    /// <summary>The outputs, then the inputs of each; empty for a layer without weights.</summary>
    public virtual int[] WeightShape => [];

    /// <summary>Where weights and biases lie among the network's parameters.</summary>
    public (int Start, int Count) Weights { get; init; }

    public (int Start, int Count) Biases { get; init; }

    public bool HasWeights => WeightShape.Length > 0;

    /// <summary>Inputs of one output.</summary>
    public int FanIn => WeightShape.Skip(1).Aggregate(1, (product, size) => product * size);

    /// <summary>Operations of the sums of one image, a multiply-add counted as two.</summary>
    public double Flops => HasWeights ? 2.0 * Output.Elements * FanIn : 0;
}
