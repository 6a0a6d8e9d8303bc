namespace SimdConv.Cli.Training;

/// <summary>The shapes that all engines compute.</summary>
internal static class LeNetShapes
{
    /// <summary>Of LeCun's activation, scale * tanh(x).</summary>
    public const double TanhScale = 1.7159;

    public static readonly Conv2DShape[] Convs = [new(1, 32, 32, 6, 5, 5), new(6, 14, 14, 16, 5, 5)];

    public static readonly Pool2DShape[] Pools = [new(6, 28, 28, 2, 2), new(16, 10, 10, 2, 2)];

    /// <summary>Inputs and outputs of the fully connected layers.</summary>
    public static readonly (int In, int Out)[] Dense = [(400, 120), (120, 84), (84, 10)];
}
