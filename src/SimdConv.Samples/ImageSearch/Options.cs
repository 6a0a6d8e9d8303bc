using System.Globalization;
using System.Reflection;

namespace SimdConv.Samples.ImageSearch;

/// <summary>The command line.</summary>
internal static class Options
{
    private const int MostContexts = 1024;

    private static readonly string[] Names = ["--pictures", "--model", "--packed", "--urls", "--contexts"];

    /// <summary>ResNet-18 with trained weights, in the package that the project names.</summary>
    public static string ResNet18 => typeof(Options).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "ResNet18").Value!;

    /// <exception cref="SearchException">An option is unknown, has no value, or is missing.</exception>
    public static Dictionary<string, string> Parse(string[] args)
    {
        Dictionary<string, string> options = [];
        for (int i = 0; i < args.Length; i += 2)
        {
            if (!Names.Contains(args[i]))
                throw new SearchException($"{args[i]} is unknown; expected {string.Join(", ", Names)}");
            options[args[i]] = i + 1 < args.Length ? args[i + 1]
                : throw new SearchException($"{args[i]} has no value; expected one");
        }

        return options.ContainsKey("--pictures") ? options
            : throw new SearchException("--pictures is missing; expected a folder of pictures");
    }

    /// <summary>Pictures that are computed at one time: one a processor, if nothing else is asked for.</summary>
    public static int Contexts(Dictionary<string, string> options)
    {
        if (!options.TryGetValue("--contexts", out string? text))
            return Environment.ProcessorCount;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && count is > 0 and <= MostContexts
            ? count
            : throw new SearchException($"--contexts is {text}; expected a number from 1 to {MostContexts}");
    }
}
