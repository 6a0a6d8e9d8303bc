namespace SimdConv.Perf.Suites;

/// <summary>LeNet-5's parameters in their order, W1 b1 ... W5 b5; convolutions (out, in, R, S), dense layers (out, in).</summary>
internal sealed record LeNetWeights(IReadOnlyList<float[]> Values)
{
    public static readonly IReadOnlyList<long[]> Shapes =
        [[6, 1, 5, 5], [6], [16, 6, 5, 5], [16], [120, 400], [120], [84, 120], [84], [10, 84], [10]];

    /// <summary>Multiplications and additions of forward, weight gradients and input gradients (the first layer has none).</summary>
    public const double FlopsPerImage =
        2.0 * ((2 * 6 * 28 * 28 * 25) + (3 * ((16 * 100 * 150) + (400 * 120) + (120 * 84) + (84 * 10))));

    /// <summary>Uniform values below 1/sqrt(inputs), for biases too.</summary>
    public static LeNetWeights Random(int seed)
    {
        Random random = new(seed);
        List<float[]> values = [];
        double bound = 1;
        foreach (long[] shape in Shapes)
        {
            if (shape.Length > 1)
                bound = 1 / Math.Sqrt(shape.Skip(1).Aggregate(1.0, (product, size) => product * size));
            float[] value = new float[shape.Aggregate(1L, (product, size) => product * size)];
            for (int i = 0; i < value.Length; i++)
                value[i] = (float)(((random.NextDouble() * 2) - 1) * bound);
            values.Add(value);
        }

        return new LeNetWeights(values);
    }
}
