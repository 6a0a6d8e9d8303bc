using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using SimdConv.Tests.Support;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// Runs numbered cases, each in every tier of the process. The short run takes a random sample, other cases for each seed; the
/// long one takes all of them, on all processors. <c>SIMDCONV_TEST_PART=3/16</c> makes that the third of sixteen parts, so that
/// a long run can be cut in pieces.
/// </summary>
internal sealed class Sweep(string name, ITestOutputHelper? output = null)
{
    private const int MostCases = 30;

    /// <summary>In the long run one case of so many runs in the tests' own tier too.</summary>
    private const int WidePart = 16;

    private static readonly SimdTier[] All = [.. SimdSupport.Available];

    private static readonly SimdTier[] AllButWide = [.. All.Where(tier => tier != WideTier.Number)];

    private static readonly bool IsWideRare = Effort.IsLong && SimdSupport.IsAvailable(SimdTier.Avx512);

    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> failures = new();

    /// <summary>
    /// The tiers that run a case: all of the process. Where the CPU has AVX-512, the long run has one case of sixteen in the
    /// tests' own tier of 512 bits: there the library does what it does in AVX-512's tier, with registers as many and as wide.
    /// </summary>
    public static SimdTier[] Tiers(long index) =>
        IsWideRare && Data.Mix(3, index) % WidePart != 0 ? AllButWide : All;

    /// <summary>A wrong result.</summary>
    /// <param name="description">The whole case.</param>
    /// <param name="pass">The tier, the type and the pass.</param>
    /// <param name="difference">What is wrong.</param>
    public void Fail(string description, string pass, string difference) =>
        failures.GetOrAdd(description, _ => new()).Enqueue($"{pass}: {difference}");

    /// <param name="size">The number of all cases.</param>
    /// <param name="inShortRun">How many of them the short run takes.</param>
    /// <param name="check">Runs one case, by its number; called on several threads at once in the long run.</param>
    public void Run(long size, int inShortRun, Action<long> check)
    {
        Stopwatch watch = Stopwatch.StartNew();
        (long part, long parts) = ReadPart();
        bool isWhole = Effort.Fraction >= 1;
        long count = isWhole ? (size - part + parts - 1) / parts
            : Math.Min(size, Math.Max(inShortRun, (long)(Effort.Fraction * size)));
        if (Effort.IsLong)
            Parallel.For(0, count, Check);
        else
        {
            for (long i = 0; i < count; i++)
                Check(i);
        }

        string whole = isWhole ? $"part {part + 1} of {parts} of all {size}"
            : $"a sample of {size}, SIMDCONV_TEST_SEED={Properties.Seed}";
        string summary = string.Create(CultureInfo.InvariantCulture,
            $"{name}: {count} cases ({whole}) in each of {string.Join(", ", All.Select(Name))}, float and double, "
            + $"{watch.Elapsed.TotalSeconds:F1} s, {failures.Count} failed");
        output?.WriteLine(summary);
        Console.WriteLine(summary);
        foreach (SimdTier tier in All)
            PropertyCounts.Add($"Exhaustive.{name}", tier, IsRare(tier) ? count / WidePart : count);
        ThrowIfFailed(summary);

        void Check(long i) => check(
            isWhole ? part + (i * parts) : (long)(Data.Mix(unchecked((int)Properties.Seed), i) % (ulong)size));
    }

    public void ThrowIfFailed(string summary)
    {
        if (!failures.IsEmpty)
            throw new XunitException($"{summary}\n{string.Join('\n', failures.Take(MostCases).Select(Describe))}");
    }

    /// <summary>A case, the first thing that was wrong with it, and what else it was wrong in.</summary>
    private static string Describe(KeyValuePair<string, ConcurrentQueue<string>> failure)
    {
        string[] texts = [.. failure.Value];
        string others = string.Join("; ", texts[1..].Select(text => text[..text.IndexOf(':', StringComparison.Ordinal)]));
        return $"{failure.Key}\n    {texts[0]}{(texts.Length == 1 ? "" : $"\n    and {texts.Length - 1} more: {others}")}";
    }

    private static bool IsRare(SimdTier tier) => IsWideRare && tier == WideTier.Number;

    private static string Name(SimdTier tier) =>
        tier == WideTier.Number ? $"wide{(IsRare(tier) ? $" (one case of {WidePart})" : "")}" : tier.ToString();

    private static (long Part, long Parts) ReadPart()
    {
        string[] text = (Environment.GetEnvironmentVariable("SIMDCONV_TEST_PART") ?? "1/1").Split('/');
        (long part, long parts) = (
            long.Parse(text[0], CultureInfo.InvariantCulture), long.Parse(text[1], CultureInfo.InvariantCulture));
        return part >= 1 && part <= parts ? (part - 1, parts)
            : throw new XunitException($"SIMDCONV_TEST_PART is {part}/{parts}; expected 1/1 to {parts}/{parts}");
    }
}
