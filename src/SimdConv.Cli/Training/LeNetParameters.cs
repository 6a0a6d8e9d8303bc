using System.Globalization;
using System.Numerics;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Training;

/// <summary>
/// LeNet-5's parameters W1 b1 ... W5 b5, which lie in this order in one array: their shapes, first values and files.
/// </summary>
internal static class LeNetParameters
{
    public const int Count = 61_706;

    /// <summary>Of the convolutions, which come first.</summary>
    public const int ConvCount = 2_572;

    /// <summary>The weights of convolutions are (out, in, height, width), of fully connected layers (out, in).</summary>
    public static readonly int[][] WeightShapes =
    [
        .. LeNetShapes.Convs.Select(conv => (int[])[conv.K, conv.C, conv.R, conv.S]),
        .. LeNetShapes.Dense.Select(dense => (int[])[dense.Out, dense.In]),
    ];

    /// <summary>Where each layer's weights and biases are.</summary>
    public static readonly (int Start, int Count)[] Weights, Biases;

    static LeNetParameters()
    {
        Weights = new (int, int)[WeightShapes.Length];
        Biases = new (int, int)[WeightShapes.Length];
        int start = 0;
        for (int i = 0; i < WeightShapes.Length; i++)
        {
            int fanIn = WeightShapes[i].Skip(1).Aggregate(1, (product, size) => product * size), outputs = WeightShapes[i][0];
            Weights[i] = (start, outputs * fanIn);
            Biases[i] = (start + (outputs * fanIn), outputs);
            start += outputs * (fanIn + 1);
        }
    }

    /// <summary>
    /// Fills in the first values: biases 0, weights normal with variance 1 / inputs (LeCun's choice, with which 1.7159 tanh(x)
    /// keeps the variance of its arguments).
    /// </summary>
    public static void Initialise<T>(Span<T> parameters, Random64 random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        parameters.Clear();
        for (int i = 0; i < Weights.Length; i++)
        {
            Span<T> weights = parameters.Slice(Weights[i].Start, Weights[i].Count);
            double deviation = Math.Sqrt(WeightShapes[i][0] / (double)weights.Length);
            foreach (ref T weight in weights)
                weight = T.CreateTruncating(deviation * random.NextNormal());
        }
    }

    /// <summary>Writes the parameters as NumPy arrays, with the standardisation that belongs to them.</summary>
    public static void Save(string path, float[] parameters, Standardisation standardisation)
    {
        List<(string, int[], float[])> arrays = [];
        for (int i = 0; i < Weights.Length; i++)
        {
            arrays.Add(($"W{i + 1}", WeightShapes[i], parameters.AsSpan(Weights[i].Start, Weights[i].Count).ToArray()));
            arrays.Add(($"b{i + 1}", [Biases[i].Count], parameters.AsSpan(Biases[i].Start, Biases[i].Count).ToArray()));
        }

        arrays.Add(("mean", [], [standardisation.Mean]));
        arrays.Add(("std", [], [standardisation.Std]));
        OutputFile.Write(path, file => NpzFile.Write(file, arrays));
    }

    /// <summary>Reads the parameters, and the standardisation if the file has one.</summary>
    public static (float[] Parameters, Standardisation? Standardisation) Load(string path)
    {
        using NpzFile file = new(path);
        float[] parameters = new float[Count];
        for (int i = 0; i < Weights.Length; i++)
        {
            file.Read($"W{i + 1}", parameters.AsSpan(Weights[i].Start, Weights[i].Count), WeightShapes[i]);
            file.Read($"b{i + 1}", parameters.AsSpan(Biases[i].Start, Biases[i].Count), [Biases[i].Count], [1, Biases[i].Count]);
        }

        if (!file.Contains("mean") && !file.Contains("std"))
            return (parameters, null);
        Span<float> pair = stackalloc float[2];
        file.Read("mean", pair[..1], [], [1]);
        file.Read("std", pair[1..], [], [1]);
        if (!(pair[1] > 0))
            throw new InputException(
                string.Create(CultureInfo.InvariantCulture, $"{path}: array 'std' is {pair[1]}; expected a positive number."));
        Standardisation standardisation = new(pair[0], pair[1]);
        if (!float.IsFinite((0 - standardisation.Mean) / standardisation.Std)
            || !float.IsFinite((1 - standardisation.Mean) / standardisation.Std))
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: arrays 'mean' and 'std' are {pair[0]} and {pair[1]}; expected ones with which pixels stay finite."));
        }

        return (parameters, standardisation);
    }
}
