using System.Text.RegularExpressions;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Processes;

/// <summary>
/// What the JIT made of the tiles: a register that is spilled in a k-loop would cost a third of its speed and no test would see
/// it; and where a core issues half of its instructions, since another thread runs on it, those beside the multiply-adds decide.
/// </summary>
public sealed partial class DisassemblyTests(ITestOutputHelper output)
{
    /// <summary>Instructions for each multiply-add of float, in the best loop of a tile: those of dense work.</summary>
    private static readonly Dictionary<SimdTier, (string Tile, double Most)[]> Bounds = new()
    {
        [SimdTier.Avx2] =
        [
            ("UnrolledTile 6x2 FetchesC", 1.78), ("UnrolledTile 6x2 IndexedA", 1.98), ("UnrolledTile 6x2 IndexedB", 1.92),
            ("UnrolledTile 5x2 IndexedA", 2.07), ("UnrolledTile 4x2 IndexedA", 2.22), ("UnrolledTile 4x3 FetchesC", 1.7),
            ("UnrolledTile 4x3 IndexedA", 1.89), ("UnrolledTile 4x3 IndexedB", 1.84), ("UnrolledTile 3x3 IndexedA", 2.08),
            ("SlidingTile 12x3", 1.67), ("SlidingTile 10x5", 1.52),
        ],
        [SimdTier.Avx512] =
        [
            ("GemmTile 14x2 FetchesC", 1.75), ("GemmTile 14x2 IndexedA", 1.9), ("GemmTile 14x2 IndexedB", 1.79),
            ("GemmTile 6x4 FetchesC", 1.63), ("GemmTile 6x4 IndexedA", 1.8), ("GemmTile 6x4 IndexedB", 1.67),
            ("SlidingTile 14x3", 1.62), ("SlidingTile 14x5", 1.43),
        ],
    };

    [SkippableTheory]
    [InlineData(SimdTier.Avx512, 40)]
    [InlineData(SimdTier.Avx2, 20)]
    public void LoopsOfTilesTouchNoStackAndHaveFewInstructions(SimdTier tier, int leastTiles)
    {
        Tiers.RequireAvailable(tier);
        string file = Path.Combine(Path.GetTempPath(), $"simdconv-tiles-{Guid.NewGuid():N}.txt");
        try
        {
            // The instruction set is turned off, not only the tier: AVX2 on a processor with AVX-512 would have 32 registers.
            ChildProcess.MustSucceed(["tiles"], ("DOTNET_JitStdOutFile", file), ("DOTNET_JitDisasm", "Run"),
                ("DOTNET_EnableAVX512", tier == SimdTier.Avx512 ? "1" : "0"),
                // Else a background thread compiles too, and both listings are written into one another.
                ("DOTNET_TieredCompilation", "0"));
            int loops = 0;
            Dictionary<string, double> instructions = [];
            foreach (string method in
                Listing().Split(File.ReadAllText(file)).Where(text => TileName().IsMatch(text.Split('\n')[0])))
            {
                string name = method.Split('\n')[0];
                Assert.Contains("FullOpts", name, StringComparison.Ordinal);
                int own = 0;
                string? tile = NameOf(name);
                foreach (string loop in
                    Loops(method.Split('\n')).Where(text => text.Contains("vfmadd", StringComparison.Ordinal)))
                {
                    own++;
                    Assert.False(Stack().IsMatch(loop), $"{name}\n{loop}");
                    double each = Instruction().Count(loop) / (double)MultiplyAdd().Count(loop);
                    if (tile != null)
                        instructions[tile] = Math.Min(each, instructions.GetValueOrDefault(tile, each));
                }

                Assert.True(own > 0, $"no loop found in {name}");
                loops += own;
            }

            Assert.True(loops >= leastTiles, $"only {loops} loops of tiles in {file}");
            foreach ((string tile, double most) in Bounds[tier])
            {
                Assert.True(instructions.TryGetValue(tile, out double each),
                    $"{tile} is not among {string.Join(", ", instructions.Keys)}");
                output.WriteLine($"{tile}: {each:F2} instructions for each multiply-add");
                Assert.True(each <= most, $"{tile}: {each:F2} instructions for each multiply-add; expected at most {most}");
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The tile of floats that a listing is of, its height and width, and its way; null for others.</summary>
    private static string? NameOf(string listing) => TileShape().Match(listing) is { Success: true } shape
        ? $"{shape.Groups[1].Value} {shape.Groups[2].Value}x{shape.Groups[3].Value} {shape.Groups[4].Value}".TrimEnd()
        : null;

    /// <summary>From each label to a later jump back to it.</summary>
    private static IEnumerable<string> Loops(string[] lines)
    {
        Dictionary<string, int> labels = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (Label().Match(lines[i]) is { Success: true } label)
                labels[label.Groups[1].Value] = i;
            else if (Jump().Match(lines[i]) is { Success: true } jump && labels.TryGetValue(jump.Groups[1].Value, out int start))
                yield return string.Join('\n', lines[start..(i + 1)]);
        }
    }

    [GeneratedRegex("; Assembly listing for method ")]
    private static partial Regex Listing();

    [GeneratedRegex(@"\.(GemmTile|UnrolledTile|InPlaceTile|SlidingTile)`[34]\[SimdConv\.Simd\.(Avx2|Avx512)Lanes")]
    private static partial Regex TileName();

    [GeneratedRegex(@"\.(\w+Tile)`[34]\[SimdConv\.Simd\.Avx(?:2|512)Lanes`\d\[float.*?\],float,.*?\.N(\d+),"
        + @"SimdConv\.Kernels\.N(\d+)(?:,SimdConv\.Kernels\.(\w+))?")]
    private static partial Regex TileShape();

    [GeneratedRegex(@"vfmadd")]
    private static partial Regex MultiplyAdd();

    [GeneratedRegex(@"^ +[a-z]\w+ (?!.*bytes for)|^ +\w+$", RegexOptions.Multiline)]
    private static partial Regex Instruction();

    [GeneratedRegex(@"^(G_M\w+):", RegexOptions.Multiline)]
    private static partial Regex Label();

    [GeneratedRegex(@"\sj\w+\s+(?:SHORT )?(G_M\w+)")]
    private static partial Regex Jump();

    [GeneratedRegex(@"\[[^\]]*\b(rsp|rbp)\b")]
    private static partial Regex Stack();
}
