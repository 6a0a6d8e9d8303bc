using System.Globalization;
using SimdConv.Cli.Data;

namespace SimdConv.Cli.Networks;

/// <summary>
/// Trained networks as NumPy arrays: net (the description), input (channels, rows and columns of the images), conv1.weight,
/// conv1.bias and so on, mean and std. Files with W1 b1 ... W5 b5 in place of names and description hold a LeNet-5.
/// </summary>
internal static class WeightFile
{
    private const int MaxDescription = 1 << 16;

    /// <summary>Writes the parameters, with the standardisation that belongs to them, and whatever else there is.</summary>
    public static void Save(string path, NetworkPlan plan, float[] parameters, Standardisation standardisation,
        IEnumerable<(string Name, int[] Shape, float[] Values)>? more = null,
        IEnumerable<(string Name, string Text)>? texts = null)
    {
        List<(string, int[], float[])> arrays = [];
        foreach (Layer layer in plan.Layers.Where(layer => layer.HasWeights))
        {
            arrays.Add(($"{layer.Name}.weight", layer.WeightShape, Part(layer.Weights)));
            arrays.Add(($"{layer.Name}.bias", [layer.Biases.Count], Part(layer.Biases)));
        }

        arrays.Add(("input", [3], [plan.Images.Channels, plan.Images.Height, plan.Images.Width]));
        arrays.Add(("mean", [], [standardisation.Mean]));
        arrays.Add(("std", [], [standardisation.Std]));
        arrays.AddRange(more ?? []);
        OutputFile.Write(path, file => NpzFile.Write(file, arrays, [("net", plan.Text), .. texts ?? []]));

        float[] Part((int Start, int Count) part) => parameters.AsSpan(part.Start, part.Count).ToArray();
    }

    /// <summary>Reads a network, its parameters, and the standardisation if the file has one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="images">Of the images that it is to read, before they are resized.</param>
    /// <exception cref="InputException">The file is damaged, or its network is for other images.</exception>
    public static (NetworkPlan Plan, float[] Parameters, Standardisation? Standardisation) Load(string path, ImageSize images)
    {
        using NpzFile file = new(path);
        return Load(file, path, images);
    }

    /// <summary>Reads the same from a file that is open.</summary>
    public static (NetworkPlan Plan, float[] Parameters, Standardisation? Standardisation) Load(
        NpzFile file, string path, ImageSize images)
    {
        bool isLeNet = !file.Contains("net") && file.Contains("W1");
        string text = isLeNet ? NetworkPlan.LeNet5 : file.ReadText("net", MaxDescription);
        NetworkPlan plan = NetworkParser.Parse($"{path}: array 'net'", text, images);
        if (!isLeNet)
        {
            float[] input = new float[3];
            file.Read("input", input, [3]);
            if (input[0] != plan.Images.Channels || input[1] != plan.Images.Height || input[2] != plan.Images.Width)
            {
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"{path}: its network reads images of {input[0]} x {input[1]} x {input[2]}; ") + $"these are {plan.Images}.");
            }
        }

        float[] parameters = new float[plan.ParameterCount];
        foreach ((int i, Layer layer) in plan.Layers.Where(layer => layer.HasWeights).Index())
        {
            (string weight, string bias) =
                isLeNet ? ($"W{i + 1}", $"b{i + 1}") : ($"{layer.Name}.weight", $"{layer.Name}.bias");
            file.Read(weight, parameters.AsSpan(layer.Weights.Start, layer.Weights.Count), layer.WeightShape);
            file.Read(bias, parameters.AsSpan(layer.Biases.Start, layer.Biases.Count), [layer.Biases.Count],
                [1, layer.Biases.Count]);
        }

        return (plan, parameters, ReadStandardisation(file, path));
    }

    private static Standardisation? ReadStandardisation(NpzFile file, string path)
    {
        if (!file.Contains("mean") && !file.Contains("std"))
            return null;
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

        return standardisation;
    }
}
