using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>The line that a failure prints is the case.</summary>
public sealed class FoundCasesTests
{
    [Fact]
    public void LinesAreTheElementsOfTheLists()
    {
        Conv2DShape shape = new(4, 9, 8, 6, 3, 2) { StrideH = 2, PadRight = 1, DilationW = 3, Groups = 2 };
        ConvCase conv = new(shape, 2, LayoutKind.Nhwc, LayoutKind.View, true, 0.7, false, DataKind.Impulse, 12)
        {
            Algorithm = ConvAlgorithm.WinogradF4,
        };
        Assert.Equal("new(new(4, 9, 8, 6, 3, 2) { StrideH = 2, PadRight = 1, DilationW = 3, Groups = 2 }, 2, "
            + "LayoutKind.Nhwc, LayoutKind.View, true, 0.7, false, DataKind.Impulse, 12) "
            + "{ Algorithm = ConvAlgorithm.WinogradF4 },",
            FoundCases.Line(conv));
        Assert.Equal("new(Transpose.Yes, Transpose.No, 3, 4, 5, -0.5, 1, 0, 1, 2, DataKind.Real, 9),",
            FoundCases.Line(new GemmCase(Transpose.Yes, Transpose.No, 3, 4, 5, -0.5, 1, 0, 1, 2, DataKind.Real, 9)));
        PoolCase pool = new(new(1, 5, 6, 2, 3) { StrideW = 1, CeilMode = true, CountIncludePad = false, DivisorOverride = 3 },
            PoolKind.Average, 1,
            LayoutKind.Nchw, LayoutKind.Nhwc, DataKind.Integers, 4);
        Assert.Equal("new(new(1, 5, 6, 2, 3) { StrideW = 1, CeilMode = true, CountIncludePad = false, DivisorOverride = 3 }, "
            + "PoolKind.Average, 1, LayoutKind.Nchw, LayoutKind.Nhwc, DataKind.Integers, 4),", FoundCases.Line(pool));
        Assert.StartsWith("new(Pool2DShape.Adaptive(1, 5, 6, 2, 3), PoolKind.Average,",
            FoundCases.Line(pool with { Shape = Pool2DShape.Adaptive(1, 5, 6, 2, 3) }),
            StringComparison.Ordinal);
    }

    /// <summary>A failure names the seed, where it is from, and the line of its smallest case.</summary>
    [Fact]
    public void AFailurePrintsWhatToKeep()
    {
        Exception failure = Assert.ThrowsAny<Exception>(
            () => Properties.Check(GemmCases.Any(), 500, g => Assert.True(g.M < 4 || g.K < 3 || g.N < 1)));
        Assert.Contains($"SIMDCONV_TEST_SEED={Properties.Seed} ({Properties.SeedOrigin})", failure.Message,
            StringComparison.Ordinal);
        const string Smallest = "new(Transpose.No, Transpose.No, 4, 1, 3, 1, 0, 0, 0, 0, DataKind.Impulse, ";
        Assert.Contains($"paste this into FoundCases.cs:\n        {Smallest}", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>The seed of a build inside the repository is its commit's, unless the environment tells another.</summary>
    [Fact]
    public void TheSeedSaysWhereItIsFrom() => Assert.Contains(Properties.SeedOrigin.Split(' ')[0], (string[])["from", "no"]);
}
