using System.Numerics;
using SimdConv.Cli.Training;

namespace SimdConv.Cli.Networks;

/// <summary>A network for images of one size: its layers, and where their parameters lie in one array.</summary>
/// <param name="Text">The description, as it is saved with weights.</param>
/// <param name="Images">Of the images that the first layer reads, resized if the description says so.</param>
/// <param name="Layers">In order; convolutions come before dense layers.</param>
internal sealed record NetworkPlan(string Text, ImageSize Images, IReadOnlyList<Layer> Layers)
{
    /// <summary>LeCun's network of 1998 with average pooling; the activation is his, 1.7159 tanh(x).</summary>
    public const string LeNet5 =
        "resize 32; conv 6 5x5; tanh 1.7159; avg 2; conv 16 5x5; tanh 1.7159; avg 2; "
        + "dense 120; tanh 1.7159; dense 84; tanh 1.7159; dense 10";

    public int ParameterCount { get; } = Layers.Sum(layer => layer.Weights.Count + layer.Biases.Count);

    /// <summary>Parameters of the convolutions, which come first.</summary>
    public int ConvParameterCount { get; } =
        Layers.OfType<ConvLayer>().Sum(layer => layer.Weights.Count + layer.Biases.Count);

    /// <summary>Classes that the last layer tells apart.</summary>
    public int Classes => Layers[^1].Output.Elements;

    /// <summary>Operations of training on one image; the gradient of the images is left out.</summary>
    public double TrainingFlops
    {
        get
        {
            Layer[] weighted = [.. Layers.Where(layer => layer.HasWeights)];
            return weighted.Sum(layer => (layer == weighted[0] ? 2 : 3) * layer.Flops);
        }
    }

    /// <summary>
    /// Fills in the first values: biases 0, weights normal with a variance that keeps that of the values: 1 / inputs (LeCun et
    /// al., 1998), 2 / inputs before a ReLU, which halves it (He et al., 2015).
    /// </summary>
    public void Initialise<T>(Span<T> parameters, Random64 random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        parameters.Clear();
        foreach (Layer layer in Layers)
        {
            double deviation = Math.Sqrt((layer.Activation.Kind == Activation.Relu ? 2.0 : 1.0) / layer.FanIn);
            foreach (ref T weight in parameters.Slice(layer.Weights.Start, layer.Weights.Count))
                weight = T.CreateTruncating(deviation * random.NextNormal());
        }
    }
}
