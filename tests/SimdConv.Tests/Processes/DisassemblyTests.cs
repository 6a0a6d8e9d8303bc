using System.Text.RegularExpressions;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Processes;

/// <summary>
/// What the JIT made of the tiles: a register that is spilled in a k-loop would cost a third of its speed and no test would see
/// it.
/// </summary>
public sealed partial class DisassemblyTests
{
    [SkippableTheory]
    [InlineData(SimdTier.Avx512, 40)]
    [InlineData(SimdTier.Avx2, 20)]
    public void NoLoopOfATileTouchesTheStack(SimdTier tier, int leastTiles)
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
            foreach (string method in
                Listing().Split(File.ReadAllText(file)).Where(text => TileName().IsMatch(text.Split('\n')[0])))
            {
                string name = method.Split('\n')[0];
                Assert.Contains("FullOpts", name, StringComparison.Ordinal);
                int own = 0;
                foreach (string loop in
                    Loops(method.Split('\n')).Where(text => text.Contains("vfmadd", StringComparison.Ordinal)))
                {
                    own++;
                    Assert.False(Stack().IsMatch(loop), $"{name}\n{loop}");
                }

                Assert.True(own > 0, $"no loop found in {name}");
                loops += own;
            }

            Assert.True(loops >= leastTiles, $"only {loops} loops of tiles in {file}");
        }
        finally
        {
            File.Delete(file);
        }
    }

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

    [GeneratedRegex(@"\.(GemmTile|InPlaceTile)`3\[SimdConv\.Simd\.(Avx2|Avx512)Lanes")]
    private static partial Regex TileName();

    [GeneratedRegex(@"^(G_M\w+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"\sj\w+\s+(?:SHORT )?(G_M\w+)")]
    private static partial Regex Jump();

    [GeneratedRegex(@"\[[^\]]*\b(rsp|rbp)\b")]
    private static partial Regex Stack();
}
