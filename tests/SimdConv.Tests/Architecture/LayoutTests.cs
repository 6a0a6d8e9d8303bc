using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>
/// How sources are laid out: lines that fit side by side on a screen, and types that are found by the names of files.
/// </summary>
public sealed partial class LayoutTests
{
    private const int MostColumns = 130;

    private static readonly string[] Extensions = [".cs", ".c", ".h", ".py", ".md"];

    /// <summary>What benchmarks print is kept as they print it, and a row of a table in Markdown is one line.</summary>
    [Fact]
    public void LinesEndByColumn130()
    {
        string[] tooLong =
        [
            .. from file in RepositoryFiles.Of("*")
               where Extensions.Contains(Path.GetExtension(file)) && !file.StartsWith("perf/results/", StringComparison.Ordinal)
               from line in RepositoryFiles.TextOf(file).Split('\n').Index()
               where line.Item.Length > MostColumns && !line.Item.StartsWith('|')
               select $"{file}:{line.Index + 1}",
        ];
        Assert.True(tooLong.Length == 0, $"longer than {MostColumns} columns:\n{string.Join('\n', tooLong)}");
    }

    /// <summary>
    /// X.cs and X.Part.cs hold type X. Beside it there may be internal types of a single line, such as the values of a type
    /// parameter.
    /// </summary>
    [Fact]
    public void TypesAreInFilesOfTheirNames()
    {
        string[] misplaced =
        [
            .. from file in RepositoryFiles.Of("*.cs").Where(file => file.StartsWith("src/", StringComparison.Ordinal))
               let name = Path.GetFileName(file).Split('.')[0]
               from declaration in TopLevelType().Matches(RepositoryFiles.TextOf(file))
               where declaration.Groups["name"].Value != name && !OneLine().IsMatch(declaration.Value)
               select $"{file} holds {declaration.Groups["name"].Value}",
        ];
        Assert.True(misplaced.Length == 0, string.Join('\n', misplaced));
    }

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|abstract|sealed|readonly|unsafe|ref|partial) )*"
        + @"(?:class|struct|record struct|record|interface|enum|delegate [^\s(]+) (?<name>\w+).*$", RegexOptions.Multiline)]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"^internal .*[;}]\s*$")]
    private static partial Regex OneLine();
}
