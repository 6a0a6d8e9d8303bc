using System.CommandLine;
using System.Globalization;

namespace SimdConv.Cli.Commands;

/// <summary>Options that several commands share, and how their values are checked.</summary>
internal static class Options
{
    private const int MaxThreads = 1024;

    public static Option<bool> Json() =>
        new("--json") { Description = "End standard output with one line that holds one JSON object." };

    public static Option<string?> Path(string name, string valueName, string description) =>
        new(name) { Description = description, HelpName = valueName };

    public static Option<int> Threads() =>
        Count("--threads", "The most threads that take part; results never depend on it. As many as processors by default.",
            1, MaxThreads, Math.Min(MaxThreads, Environment.ProcessorCount));

    /// <summary>A whole number in a range.</summary>
    public static Option<int> Count(string name, string description, int least, int most, int byDefault) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => ParseCount(result, name, least, most),
    };

    /// <summary>A whole number in a range, or none given.</summary>
    public static Option<int?> OptionalCount(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => ParseCount(result, name, least, most),
    };

    /// <summary>One word of a list, in any case.</summary>
    public static Option<string?> Word(string name, string description, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value, word = text.ToLowerInvariant();
            if (!words.Contains(word))
                result.AddError($"{name} is '{text}'; expected {string.Join(", ", words[..^1])} or {words[^1]}.");
            return word;
        },
    };

    private static int ParseCount(System.CommandLine.Parsing.ArgumentResult result, string name, int least, int most)
    {
        string text = result.Tokens[0].Value;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) || value < least
            || value > most)
            result.AddError($"{name} is '{text}'; expected a whole number from {least} to {most}.");
        return value;
    }
}
