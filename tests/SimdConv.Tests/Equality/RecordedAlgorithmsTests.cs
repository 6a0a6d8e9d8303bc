using SimdConv.Tests.Architecture;
using SimdConv.Tests.Processes;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Equality;

/// <summary>
/// algorithms.txt beside this file holds what <see cref="Conv2DPlan{T}.Algorithm"/> says of many layers, with caches of the sizes
/// in <see cref="AlgorithmsChild"/>, whatever CPU the tests run on. A change of the library that changes a line gives the layer
/// another strategy, tile or block size: so it is seen, and measured. With SIMDCONV_RECORD_ALGORITHMS=1 in the environment the
/// test records the lines of this process' tiers anew.
/// </summary>
public sealed class RecordedAlgorithmsTests
{
    private static readonly string Path =
        System.IO.Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Equality", "algorithms.txt");

    [Fact]
    public void LayersTakeTheRecordedStrategies()
    {
        SimdTier[] tiers = [.. AlgorithmsChild.Tiers.Where(SimdSupport.IsAvailable)];
        string output = ChildProcess.MustSucceed(["algorithms"], (Effort.CachesVariable, AlgorithmsChild.Caches));
        string[] given = [.. output.Split('\n').Where(line => IsOf(tiers, line))];
        Assert.Equal(tiers.Length * AlgorithmsChild.LinesOfATier, given.Length);
        if (Environment.GetEnvironmentVariable("SIMDCONV_RECORD_ALGORITHMS") == "1")
        {
            string[] others = File.Exists(Path) ? [.. File.ReadAllLines(Path).Where(line => !IsOf(tiers, line))] : [];
            File.WriteAllText(Path, string.Join('\n', others.Concat(given).Order(StringComparer.Ordinal)) + '\n');
        }

        string[] recorded = [.. File.ReadAllLines(Path).Where(line => IsOf(tiers, line))];
        Assert.True(given.Order(StringComparer.Ordinal).SequenceEqual(recorded),
            "Layers take other strategies than the recorded ones: run this test with "
            + "SIMDCONV_RECORD_ALGORITHMS=1 if that is meant.\n"
            + string.Join('\n',
                recorded.Except(given).Select(line => $"- {line}").Concat(given.Except(recorded).Select(line => $"+ {line}"))
                .Take(40)));
    }

    private static bool IsOf(SimdTier[] tiers, string line) =>
        Array.Exists(tiers, tier => line.Contains($": {tier}: ", StringComparison.Ordinal));
}
