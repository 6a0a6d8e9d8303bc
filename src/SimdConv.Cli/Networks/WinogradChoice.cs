namespace SimdConv.Cli.Networks;

/// <summary>Which convolutions are faster by Winograd's algorithm, and by which of its tiles.</summary>
internal static class WinogradChoice
{
    // With few channels, transforms cost more than they save.
    private const int LeastChannels = 4;

    /// <summary>Winograd's algorithm where it is faster, by the tiles that take fewer multiplications.</summary>
    public static ConvAlgorithm For(Conv2DShape shape)
    {
        bool suits = (shape.R, shape.S) is (3, 3) or (5, 5) && (shape.StrideH, shape.StrideW) is (1, 1)
            && (shape.DilationH, shape.DilationW) is (1, 1);
        if (!suits || shape.C / shape.Groups < LeastChannels || shape.K / shape.Groups < LeastChannels)
            return ConvAlgorithm.Direct;
        return shape.R == 3 && Multiplications(shape, ConvAlgorithm.WinogradF4) < Multiplications(shape, ConvAlgorithm.WinogradF2)
            ? ConvAlgorithm.WinogradF4
            : ConvAlgorithm.WinogradF2;
    }

    /// <summary>F(2x2,3x3) or the like.</summary>
    public static string NameOf(ConvAlgorithm algorithm, Conv2DShape shape) =>
        $"F({Outputs(algorithm)}x{Outputs(algorithm)},{shape.R}x{shape.S})";

    /// <summary>Of an image, for each pair of an input and an output channel.</summary>
    private static long Multiplications(Conv2DShape shape, ConvAlgorithm algorithm)
    {
        int outputs = Outputs(algorithm), points = outputs + shape.R - 1;
        return (long)((shape.P + outputs - 1) / outputs) * ((shape.Q + outputs - 1) / outputs) * points * points;
    }

    /// <summary>Of a tile on each axis.</summary>
    private static int Outputs(ConvAlgorithm algorithm) => algorithm == ConvAlgorithm.WinogradF4 ? 4 : 2;
}
