using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace SimdConv.Tests.Support;

/// <summary>
/// How many cases each tier has had of each property, in this process, and how often each test of a tier has run in it. What no
/// tier can change, such as the sizes of shapes, is counted apart.
/// </summary>
internal static class PropertyCounts
{
    /// <summary>Stands behind the name of a test whose runs are counted, not its cases.</summary>
    public const string Tests = ", runs";

    private static readonly ConcurrentDictionary<(string Property, SimdTier? Tier), long> Counts = new();

    public static void Add(string property, SimdTier? tier, long cases) =>
        Counts.AddOrUpdate((property, tier), cases, (_, before) => before + cases);

    /// <summary>The name of a property: the class, by its file, and the test.</summary>
    public static string Name(string file, string test) => $"{Path.GetFileNameWithoutExtension(file)}.{test}";

    /// <summary>Properties that some tier has had a case of and another one not, though both could have had it.</summary>
    public static IEnumerable<string> Uneven() =>
        from property in Counts.Keys.Where(key => key.Tier != null).GroupBy(key => key.Property, key => key.Tier!.Value)
        let expectsFused = property.All(SimdSupport.Fuses)
        from tier in SimdSupport.Available
        where !property.Contains(tier) && (SimdSupport.Fuses(tier) || !expectsFused)
        select $"{property.Key} had no case in {tier}";

    /// <summary>Properties that have run without naming a tier.</summary>
    public static IEnumerable<string> Tierless() =>
        Counts.Keys.Where(key => key.Tier is null).Select(key => key.Property).Order(StringComparer.Ordinal);

    public static string Table()
    {
        StringBuilder table = new();
        table.AppendLine(CultureInfo.InvariantCulture,
            $"Cases of each property in each tier; SIMDCONV_TEST_SEED={Properties.Seed} ({Properties.SeedOrigin})");
        SimdTier?[] tiers = [.. SimdSupport.Available.Cast<SimdTier?>(), null];
        table.AppendLine(Row("", tiers.Select(tier => tier?.ToString() ?? "no tier")));
        HashSet<string> names = [.. Counts.Keys.Select(key => key.Property)];

        // The runs of a test say nothing beside its cases.
        foreach (string property in names.Order(StringComparer.Ordinal))
        {
            if (!property.EndsWith(Tests, StringComparison.Ordinal) || !names.Contains(property[..^Tests.Length]))
                table.AppendLine(Row(property, tiers.Select(tier => Cell(property, tier))));
        }

        return table.ToString();
    }

    private static string Cell(string property, SimdTier? tier) =>
        Counts.TryGetValue((property, tier), out long cases) ? cases.ToString("N0", CultureInfo.InvariantCulture) : "-";

    private static string Row(string name, IEnumerable<string> cells) =>
        $"{name,-75}{string.Concat(cells.Select(cell => cell.PadLeft(12)))}";
}
