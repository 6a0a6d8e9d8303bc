using SimdConv.Tests.Support;

namespace SimdConv.Tests.Architecture;

/// <summary>A collection that doesn't run in parallel with others runs after all that do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LastCollection
{
    public const string Name = "Last";
}

/// <summary>
/// Runs when all other tests of this process have: which tiers had how many cases of each property. The table is written to the
/// console and to property-counts.txt beside this assembly.
/// </summary>
[Collection(LastCollection.Name)]
public sealed class PropertyCountTests
{
    /// <summary>What no tier can change: sizes, tables and what is generated.</summary>
    private static readonly string[] WithoutTier =
        [
            "ShapeTests.", "Im2ColTests.TablesHoldTheirDefinition", "FoundCasesTests.", "FastChainTests.",
            "BlockTests.GeneratedConvolutions",
        ];

    [Fact]
    public void EveryTierHadCasesOfEveryProperty()
    {
        string table = PropertyCounts.Table();
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "property-counts.txt"), table);
        Console.WriteLine(table);
        Assert.Empty(PropertyCounts.Uneven());
        Assert.DoesNotContain(PropertyCounts.Tierless(), property =>
            !WithoutTier.Any(name => property.StartsWith(name, StringComparison.Ordinal)));
    }
}
