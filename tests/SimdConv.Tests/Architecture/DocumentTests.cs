using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>What the documents of the repository point to is there.</summary>
public sealed partial class DocumentTests
{
    /// <summary>A link names a file of the repository, and a heading of that file where there is a fragment.</summary>
    [Fact]
    public void LinksResolve() => Assert.All(RepositoryFiles.Of("*.md"), document =>
    {
        foreach (Match link in Link().Matches(WithoutCode(document)))
        {
            string target = link.Groups["file"].Value, fragment = link.Groups["fragment"].Value;
            if (target.StartsWith("http", StringComparison.Ordinal))
                continue;
            string file = target.Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, target);
            bool exists = File.Exists(RepositoryFiles.PathOf(file)) || Directory.Exists(RepositoryFiles.PathOf(file));
            Assert.True(exists, $"{document} links to {target}, which doesn't exist");
            if (fragment.Length > 0)
                Assert.Contains(fragment, Heading().Matches(WithoutCode(file)).Select(Anchor));
        }
    });

    /// <summary>A C# file that a document names by its name alone is somewhere in the repository.</summary>
    [Fact]
    public void NamedFilesExist()
    {
        HashSet<string> names = [.. RepositoryFiles.Of("*.cs").Select(file => Path.GetFileName(file))];
        Assert.All(RepositoryFiles.Of("*.md"), document =>
            Assert.All(SourceName().Matches(RepositoryFiles.TextOf(document)), match =>
                Assert.True(names.Contains(match.Groups["name"].Value), $"{document} names {match.Value}, which doesn't exist")));
    }

    /// <summary>A word in a document that reads like the name of a type or a member is one of the sources' words.</summary>
    [Fact]
    public void NamesExist()
    {
        HashSet<string> words = [.. RepositoryFiles.Of("*.cs").SelectMany(file => Word().Matches(RepositoryFiles.TextOf(file)))
            .Select(word => word.Value)];
        IEnumerable<string> books = RepositoryFiles.Of("*.md").Where(file => file.StartsWith("src/SimdConv/docs/"));
        Assert.All(books.Where(book => !book.EndsWith("/adding-a-tier.md")), book =>
            Assert.All(Name().Matches(RepositoryFiles.TextOf(book)), name =>
                Assert.All(Word().Matches(name.Groups["name"].Value), word =>
                    Assert.True(words.Contains(word.Value), $"{book} names {word.Value}, which is no word of the sources"))));
    }

    private static string WithoutCode(string document) => CodeBlock().Replace(RepositoryFiles.TextOf(document), "");

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

    [GeneratedRegex(@"`(?<name>[A-Z][a-z]\w*(<\w+>)?(\.\w+)?)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoLetter();
}
