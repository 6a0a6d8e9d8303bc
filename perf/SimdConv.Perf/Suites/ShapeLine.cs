using System.Globalization;

namespace SimdConv.Perf.Suites;

/// <summary>One line of a shapes file, <c>key=value,key=value</c>; what is left unread is an unknown key.</summary>
internal sealed class ShapeLine
{
    private readonly Dictionary<string, string> values = [];
    private readonly HashSet<string> unread = [];
    private readonly string place;

    /// <param name="text">The line, without a comment.</param>
    /// <param name="network">What the shape belongs to: the name of its file.</param>
    /// <param name="place">File and line, for messages.</param>
    public ShapeLine(string text, string network, string place)
    {
        Text = text;
        Network = network;
        this.place = place;
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] pair = part.Split('=', 2);
            if (pair.Length != 2 || !values.TryAdd(pair[0], pair[1]))
                throw new FormatException($"{place}: '{part}' in '{text}'; expected key=value, each key once.");
            unread.Add(pair[0]);
        }
    }

    public string Text { get; }

    public string Network { get; }

    public bool Has(string key) => values.ContainsKey(key);

    public int Number(string key, int least, int? defaultValue = null)
    {
        string? text = Take(key, defaultValue is null ? "a number" : null);
        return text is null ? defaultValue!.Value : Parse(key, text, least);
    }

    public bool Flag(string key, bool defaultValue = false) => Take(key, null) is not { } text
        ? defaultValue
        : text switch
        {
            "0" => false,
            "1" => true,
            _ => throw Wrong(key, text, "0 or 1"),
        };

    /// <summary>Numbers with x between them, exactly as many as there are defaults.</summary>
    public int[] Numbers(string key, int least, params int[] defaults)
    {
        if (Take(key, null) is not { } text)
            return defaults;
        string[] parts = text.Split('x');
        return parts.Length == defaults.Length
            ? Array.ConvertAll(parts, part => Parse(key, part, least))
            : throw Wrong(key, text, $"{defaults.Length} numbers with x between them");
    }

    public string Word(string key, params string[] words)
    {
        string expected = string.Join(" or ", words);
        string text = Take(key, expected)!;
        return words.Contains(text) ? text : throw Wrong(key, text, expected);
    }

    public void RequireAllRead()
    {
        if (unread.Count > 0)
            throw new FormatException($"{place}: unknown key '{unread.First()}' in '{Text}'.");
    }

    /// <summary>Runs the library's own validation; what it refuses is said with the line's place.</summary>
    public void Check(Action validate)
    {
        try
        {
            validate();
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"{place}: {e.Message.Split('\n')[0]}", e);
        }
    }

    private string? Take(string key, string? required)
    {
        unread.Remove(key);
        return values.TryGetValue(key, out string? text) || required is null ? text : throw Wrong(key, "missing", required);
    }

    private int Parse(string key, string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number
            : throw Wrong(key, text, $"a number of {least} or more");

    private FormatException Wrong(string key, string value, string expected) =>
        new($"{place}: {key} is {value} in '{Text}'; expected {expected}.");
}
