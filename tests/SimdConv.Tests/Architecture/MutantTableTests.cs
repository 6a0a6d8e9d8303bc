using SimdConv.Mutants;

namespace SimdConv.Tests.Architecture;

/// <summary>
/// The table of mutants follows the source and the tests that it names. Nothing is built: tests/SimdConv.Mutants runs it.
/// </summary>
public sealed class MutantTableTests
{
    private const string ByName = "FullyQualifiedName~";

    private static readonly Mutant[] Table =
        Mutant.Read(Path.Combine(SourceTests.Root(), "tests", "SimdConv.Mutants", "mutants.txt"));

    [Fact]
    public void EveryEditHasOnePlaceAndChangesIt() => Assert.All(Table, mutant =>
    {
        string original = File.ReadAllText(Path.Combine(SourceTests.Root(), mutant.File));
        Assert.NotEqual(original, mutant.Apply(SourceTests.Root()));
    });

    /// <summary>A filter that no longer matches would let its mutant live, or run fewer tests than it says.</summary>
    [Fact]
    public void EveryFilterNamesTestsThatExist()
    {
        string[] tests =
        [
            .. from type in typeof(MutantTableTests).Assembly.GetTypes()
               where type is { IsAbstract: false, IsPublic: true }
               from method in type.GetMethods()
               where method.IsDefined(typeof(FactAttribute), inherit: true)
               select $"{type.FullName}.{method.Name}",
        ];
        Assert.All(Table.SelectMany(mutant => mutant.Tests.Split('|')).Distinct(), filter =>
        {
            Assert.StartsWith(ByName, filter, StringComparison.Ordinal);
            Assert.Contains(tests, test => test.Contains(filter[ByName.Length..], StringComparison.Ordinal));
        });
    }
}
