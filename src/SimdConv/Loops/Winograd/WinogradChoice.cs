namespace SimdConv.Loops;

/// <summary>
/// What <see cref="ConvAlgorithm.Winograd"/> stands for: a function of the shape alone, so that sums are the same on every CPU.
/// </summary>
internal static class WinogradChoice
{
    /// <summary>With fewer channels, or outputs, transforms cost more than they save.</summary>
    private const int LeastChannels = 16;

    /// <summary>Images of so few tiles of 4x4 outputs waste too much of them: of 7x7, 49 of 64 outputs count.</summary>
    private const int FewTiles = 4;

    /// <summary>
    /// Transformed weights of more elements come from memory at each call, which takes longer than the multiplications that an
    /// image of few tiles saves.
    /// </summary>
    private const long MostWeights = 1 << 21;

    public static ConvAlgorithm For(Conv2DShape shape)
    {
        if (!(shape.IsPlain(3) || shape.IsPlain(5)) || shape.Groups < 1
            || Math.Min(shape.GroupChannels, shape.GroupOutputs) < LeastChannels)
        {
            return ConvAlgorithm.Direct;
        }

        long tiles = (long)Shapes.DivideUp(shape.P, 4) * Shapes.DivideUp(shape.Q, 4);
        if (shape.IsPlain(3) && tiles > FewTiles)
            return ConvAlgorithm.WinogradF4;
        long points = shape.IsPlain(3) ? 16 : 36, weights = points * shape.K * shape.GroupChannels;
        return tiles > FewTiles || weights <= MostWeights ? ConvAlgorithm.WinogradF2 : ConvAlgorithm.Direct;
    }
}
