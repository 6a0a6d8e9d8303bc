using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>What the documents of the repository point to is there.</summary>
public sealed partial class DocumentTests
{
    private static readonly string[] Folders = ["src", "tests", "perf", ".github"];

    /// <summary>A link names a file of the repository, and a heading of that file where there is a fragment.</summary>
    [Fact]
    public void LinksResolve() => Assert.All(Documents(), document =>
    {
        foreach (Match link in Link().Matches(WithoutCode(File.ReadAllText(document))))
        {
            string target = link.Groups["file"].Value, fragment = link.Groups["fragment"].Value;
            if (target.StartsWith("http", StringComparison.Ordinal))
                continue;
            string folder = Path.GetDirectoryName(document)!;
            string file = target.Length == 0 ? document : Path.GetFullPath(Path.Combine(folder, target));
            Assert.True(File.Exists(file) || Directory.Exists(file), $"{document} links to {target}, which doesn't exist");
            if (fragment.Length > 0)
                Assert.Contains(fragment, Heading().Matches(WithoutCode(File.ReadAllText(file))).Select(Anchor));
        }
    });

    /// <summary>A C# file that a document names by its name alone is somewhere in the repository.</summary>
    [Fact]
    public void NamedFilesExist()
    {
        HashSet<string> names = [.. Files("*.cs").Select(file => Path.GetFileName(file))];
        Assert.All(Documents(), document =>
            Assert.All(SourceName().Matches(File.ReadAllText(document)), match =>
                Assert.True(names.Contains(match.Groups["name"].Value), $"{document} names {match.Value}, which doesn't exist")));
    }

    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(SourceTests.Root(), "*.md").Concat(Files("*.md"));

    private static IEnumerable<string> Files(string pattern) =>
        Folders.SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(SourceTests.Root(), folder), pattern, SearchOption.AllDirectories))
            .Where(file => !BuildOutput().IsMatch(file));

    private static string WithoutCode(string text) => CodeBlock().Replace(text, "");

    /// <summary>The fragment by which Markdown's renderers link to a heading.</summary>
    private static string Anchor(Match heading) =>
        NoLetter().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\((?<file>[^)#\s]*)(#(?<fragment>[^)\s]*))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (?<text>.*?)\s*$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```.*?^```\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`(\w+/)*(?<name>\w[\w.]*\.cs)`")]
    private static partial Regex SourceName();

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex BuildOutput();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoLetter();
}
