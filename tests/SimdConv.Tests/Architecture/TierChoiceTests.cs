using SimdConv.Simd;

namespace SimdConv.Tests.Architecture;

/// <summary>
/// Which tiers of a table a process offers, and what it says of a name in SIMDCONV_TIER that is wrong: with rows of several
/// families, as no CPU has them.
/// </summary>
public sealed class TierChoiceTests
{
    private static readonly CpuFamily This = new("x86", true), Other = new("Arm", false);

    private static readonly Tier[] Rows =
    [
        new Row("scalar", CpuFamily.Any),
        new Row("wide", CpuFamily.Any, isForTests: true),
        new Row("low", This),
        new Row("high", This),
        new Row("neon", Other),
    ];

    [Theory]
    [InlineData(null, "scalar wide low high", "high")]
    [InlineData("", "scalar wide low high", "high")]
    [InlineData("HIGH", "scalar wide low high", "high")]
    [InlineData("low", "scalar wide low", "low")]
    [InlineData("wide", "scalar wide", "scalar")]
    [InlineData("scalar", "scalar", "scalar")]
    public void ANameNarrowsWithinItsFamily(string? named, string available, string best)
    {
        TierChoice choice = new(Rows, named);
        Assert.Equal((available, best), (Names(choice.Available), choice.Best?.Name));
    }

    [Theory]
    [InlineData("sse9", "is 'sse9'; expected scalar, low or high.")]
    [InlineData("neon", "is 'neon', a tier of Arm CPUs, which this one is not; expected scalar, low or high.")]
    public void AWrongNameIsRefused(string named, string message)
    {
        TierChoice choice = new(Rows, named);
        Assert.Null(choice.Best);
        Assert.Equal($"The environment variable SIMDCONV_TIER {message}", choice.Wrong().Message);
    }

    /// <summary>As far as the CPU has the tiers: a name of the own family that it lacks is a limit like any other.</summary>
    [Fact]
    public void ANameAddsNothing()
    {
        Tier[] rows = [new Row("scalar", CpuFamily.Any), new Row("low", This), new Row("high", This, isSupported: false)];
        TierChoice choice = new(rows, "high");
        Assert.Equal(("scalar low", "low"), (Names(choice.Available), choice.Best?.Name));
    }

    [Fact]
    public void AProgramWithoutTheNamedTiersSaysSo()
    {
        Tier[] rows = [new Row("scalar", CpuFamily.Any, isSupported: false), new Row("low", This), new Row("high", This)];
        TierChoice choice = new(rows, "scalar");
        Assert.Null(choice.Best);
        Assert.EndsWith("but this program was compiled without the tiers up to that; expected low or high.",
            choice.Wrong().Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Arrays with a place for each tier are indexed by its number, and preference within a family is the order of rows.
    /// </summary>
    [Fact]
    public void TheTableHasARowForEachNumber()
    {
        Assert.Equal(Enumerable.Range(0, TierTable.Rows.Length), TierTable.Rows.Select(row => (int)row.Id).Order());
        Assert.Equal(Enum.GetValues<SimdTier>(), TierTable.Rows.Where(row => !row.IsForTests).Select(row => row.Id).Order());
        Assert.All(TierTable.Rows.Where(row => !row.IsForTests),
            row => Assert.Equal(row.Id.ToString(), row.Name, ignoreCase: true));
        Assert.DoesNotContain(SimdSupport.Best, TierTable.Rows.Where(row => row.IsForTests).Select(row => row.Id));
    }

    private static string Names(IEnumerable<Tier> rows) => string.Join(' ', rows.Select(row => row.Name));

    private sealed class Row(string name, CpuFamily family, bool isSupported = true, bool isForTests = false) : Tier
    {
        public override SimdTier Id => default;

        public override string Name => name;

        public override CpuFamily Family => family;

        public override bool Fuses => true;

        public override bool IsSupported => isSupported;

        public override bool IsInHardware => isSupported;

        public override bool IsForTests => isForTests;

        public override TResult Use<T, TUser, TResult>(TUser user) => throw NotCompiledIn();
    }
}
