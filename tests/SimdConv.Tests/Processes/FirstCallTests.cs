using System.Globalization;
using System.Text.RegularExpressions;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Processes;

/// <summary>
/// What the first forward pass of LeNet-5 costs a process: how much the JIT compiles, and that loops over terms are compiled as
/// they stay.
/// </summary>
public sealed partial class FirstCallTests(ITestOutputHelper output)
{
    /// <summary>
    /// Each tile takes as long as a hundred small methods: the first pass meets six, the rest are left for the shapes that need
    /// them.
    /// </summary>
    private const int MostTiles = 8, MostMethods = 1250;

    /// <summary>
    /// Tiles and methods are counted, which every machine does alike; their milliseconds are written out. No tile, and so no loop
    /// over terms, is compiled without optimisation first: it would run a hundred times slower until it is replaced.
    /// </summary>
    [Fact]
    public void FewTilesAreCompiledAndNoneOfThemInTierZero()
    {
        string file = Path.Combine(Path.GetTempPath(), $"simdconv-first-{Guid.NewGuid():N}.txt");
        try
        {
            string line = ChildProcess.MustSucceed(["first"], (Effort.PoisonVariable, "0"), ("DOTNET_JitStdOutFile", file),
                ("DOTNET_JitDisasmSummary", "1"));
            string[] tiles = [.. File.ReadLines(file).Where(line => Tile().IsMatch(line))];
            output.WriteLine($"{tiles.Length} tiles, {line}");
            Assert.InRange(tiles.Length, 1, MostTiles);
            Assert.InRange(int.Parse(Methods().Match(line).Groups[1].Value, CultureInfo.InvariantCulture), 1, MostMethods);
            Assert.All(tiles, line => Assert.DoesNotContain("Tier0", line, StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(@"methods=(\d+)")]
    private static partial Regex Methods();

    [GeneratedRegex(@"SimdConv\.Kernels\.\w*Tile`\d\[.*:Run")]
    private static partial Regex Tile();
}
