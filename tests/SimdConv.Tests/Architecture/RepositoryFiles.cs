using System.Text.RegularExpressions;

namespace SimdConv.Tests.Architecture;

/// <summary>The files of the repository, by their paths within it: without what builds write.</summary>
internal static partial class RepositoryFiles
{
    private static readonly string[] Folders = ["src", "tests", "perf", ".github"];

    public static IEnumerable<string> Of(string pattern) =>
        Directory.EnumerateFiles(SourceTests.Root(), pattern)
            .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(PathOf(folder), pattern, SearchOption.AllDirectories)))
            .Select(file => Path.GetRelativePath(SourceTests.Root(), file).Replace('\\', '/'))
            .Where(file => !BuildOutput().IsMatch(file));

    public static string PathOf(string file) => Path.GetFullPath(Path.Combine(SourceTests.Root(), file));

    public static string TextOf(string file) => File.ReadAllText(PathOf(file));

    [GeneratedRegex(@"(^|/)(bin|obj)/")]
    private static partial Regex BuildOutput();
}
