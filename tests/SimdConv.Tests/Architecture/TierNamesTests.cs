using System.Text.RegularExpressions;
using SimdConv.Simd;
using SimdConv.Tests.Native;

namespace SimdConv.Tests.Architecture;

/// <summary>What isn't C# has lists of its own of the tiers: they are those of the table.</summary>
public sealed class TierNamesTests
{
    [Fact]
    public void HeaderAndProjectsKnowEveryTier()
    {
        string source = Path.Combine(SourceTests.Root(), "src"), native = Path.Combine(source, "SimdConv.Native");
        Tier[] rows = [.. TierTable.Rows.Where(row => !row.IsForTests).OrderBy(row => row.Id)];
        string Level(Tier row) => InstalledLibrary.Level(row.Id);
        Assert.Equal(rows.Select(row => $"SIMDCONV_TIER_{row.Name.ToUpperInvariant()} = {(int)row.Id}"),
            Found(Path.Combine(native, "include", "simdconv.h"), @"SIMDCONV_TIER_\w+ = \d+"));
        Assert.Equal(rows.Select(row => $"Include=\"{row.Id}\" Level=\"{Level(row)}\""),
            Found(Path.Combine(source, "SimdConv", "Simd", "Tiers.props"), @"Include=""\w+"" Level=""\w+"""));

        static IEnumerable<string> Found(string file, string pattern) =>
            Regex.Matches(File.ReadAllText(file), pattern).Select(match => match.Value);
    }
}
