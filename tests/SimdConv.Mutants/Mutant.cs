namespace SimdConv.Mutants;

/// <summary>One wrong edit of the source, and the filter of the tests that have to notice it.</summary>
internal sealed record Mutant(string Name, string File, string Find, string Put, string Tests)
{
    /// <summary>The folder below src of the project to build again: a folder in SimdConv.Samples holds a project of its own.
    /// </summary>
    public string Project => string.Join('/', File.Split('/') is [_, "SimdConv.Samples", var sample, ..]
        ? ["SimdConv.Samples", sample] : [File.Split('/')[1]]);

    /// <summary>The name of its assembly.</summary>
    public static string AssemblyOf(string project) => $"{project.Replace('/', '.')}.dll";

    /// <summary>A table of paragraphs: a name, then file, find, put and test, each on a line of its own.</summary>
    public static Mutant[] Read(string table)
    {
        List<Mutant> mutants = [];
        foreach (string paragraph in System.IO.File.ReadAllText(table).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = [.. paragraph.Split('\n').Where(line => line.Length > 0 && line[0] != '#')];
            if (lines.Length == 0)
                continue;
            if (lines.Length != 5)
                throw new InvalidDataException($"{table}: expected a name, file, find, put and test; found\n{paragraph}");
            mutants.Add(
                new(lines[0], Value(lines[1], "file:"), Value(lines[2], "find:"), Value(lines[3], "put:"),
                    Value(lines[4], "test:")));
        }

        if (mutants.GroupBy(mutant => mutant.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"{table}: there are two mutants '{twice.Key}'");
        return [.. mutants];

        string Value(string line, string key) =>
            line.StartsWith(key, StringComparison.Ordinal)
            ? line[key.Length..].Trim()
            : throw new InvalidDataException($"{table}: expected {key} at '{line}'");
    }

    /// <summary>The file's text with the edit; throws unless the text to find is there exactly once.</summary>
    public string Apply(string root)
    {
        string text = System.IO.File.ReadAllText(Path.Combine(root, File));
        int at = text.IndexOf(Find, StringComparison.Ordinal);
        if (at < 0 || text.IndexOf(Find, at + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidDataException(
                $"{Name}: '{Find}' is {(at < 0 ? "not" : "more than once")} in {File}; expected exactly one");
        return text[..at] + Put + text[(at + Find.Length)..];
    }
}
