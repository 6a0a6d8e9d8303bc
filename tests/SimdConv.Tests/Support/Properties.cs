using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using SimdConv.Tests.Generators;

namespace SimdConv.Tests.Support;

/// <summary>
/// Runs one property over the cases that once failed and over generated ones, as many as told in the short run and 50 times as
/// many in the long one. The seed of the generated ones comes from the commit, so that each commit tries other cases and a
/// failure comes back until it is mended; SIMDCONV_TEST_SEED sets another one. A failure prints the seed, the smallest case
/// found, and the line that makes it a permanent case.
/// </summary>
internal static class Properties
{
    private const string SeedVariable = "SIMDCONV_TEST_SEED";

    /// <summary>Where the seed comes from, in words.</summary>
    public static readonly string SeedOrigin;

    public static readonly ulong Seed = FindSeed(out SeedOrigin);

    /// <summary>A property of one tier.</summary>
    /// <param name="tier">The tier that the property runs in.</param>
    /// <param name="cases">What generates the cases.</param>
    /// <param name="count">How many there are in the short run.</param>
    /// <param name="property">Throws for a case that fails.</param>
    /// <param name="adapt">Makes a permanent case one of the property's own kind; null takes it as it is.</param>
    /// <param name="test">The test that calls.</param>
    /// <param name="file">Its file.</param>
    public static void Check<TCase>(
        SimdTier tier, Arbitrary<TCase> cases, int count, Action<TCase> property, Func<TCase, TCase>? adapt = null,
        [CallerMemberName] string test = "", [CallerFilePath] string file = "") =>
        Check([tier], PropertyCounts.Name(file, test), cases, count, property, adapt);

    /// <summary>
    /// As <see cref="Check{TCase}(SimdTier, Arbitrary{TCase}, int, Action{TCase}, Func{TCase, TCase}?, string, string)"/>, for
    /// a property that gives an error as a fraction of its bound: returns the worst one.
    /// </summary>
    public static double Worst<TCase>(
        SimdTier tier, Arbitrary<TCase> cases, int count, Func<TCase, double> property, Func<TCase, TCase>? adapt = null,
        [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        double worst = 0;
        Check([tier], PropertyCounts.Name(file, test), cases, count, c => worst = Math.Max(worst, property(c)), adapt);
        return worst;
    }

    /// <summary>A property that no tier can change.</summary>
    public static void Check<TCase>(Arbitrary<TCase> cases, int count, Action<TCase> property,
        [CallerMemberName] string test = "", [CallerFilePath] string file = "") =>
        Check([], PropertyCounts.Name(file, test), cases, count, property);

    /// <summary>A property that runs each case in all the given tiers.</summary>
    public static void Check<TCase>(
        SimdTier[] tiers, string name, Arbitrary<TCase> cases, int count, Action<TCase> property,
        Func<TCase, TCase>? adapt = null)
    {
        count = tiers is [SimdTier only] && only == WideTier.Number ? WideTier.Cases(count) : count;
        foreach (SimdTier? tier in tiers.Length == 0 ? [null] : tiers.Cast<SimdTier?>())
            PropertyCounts.Add(name, tier, Effort.Cases(count) + FoundCases.Of<TCase>().Count);
        foreach (TCase found in FoundCases.Of<TCase>())
        {
            TCase c = adapt is null ? found : adapt(found);
            try
            {
                property(c);
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"{name}, permanent case {c}: {e.Message}");
            }
        }

        Run(name, cases, count, property);
    }

    private static void Run<TCase>(string name, Arbitrary<TCase> cases, int count, Action<TCase> property)
    {
        // Shrinking goes on from the last case that failed: that is the smallest one.
        string smallest = "";
        Config config = Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases(count)).WithReplay(new Replay(new Rnd(Seed), null))
            .WithQuietOnSuccess(true);
        try
        {
            FsCheck.Check.One(config, Prop.ForAll(cases, Remembering));
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException(
                $"{name} with {SeedVariable}={Seed} ({SeedOrigin}): {e.Message}\n{FoundCases.Advice(smallest)}");
        }

        void Remembering(TCase c)
        {
            try
            {
                property(c);
            }
            catch
            {
                smallest = FoundCases.Line(c);
                throw;
            }
        }
    }

    private static ulong FindSeed(out string origin)
    {
        const ulong Otherwise = 20_260_101;
        string? text = Environment.GetEnvironmentVariable(SeedVariable);
        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong told))
        {
            origin = $"from {SeedVariable}";
            return told;
        }

        // The SDK writes the commit behind a plus, where there is a repository.
        Assembly assembly = typeof(Properties).Assembly;
        string version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        string commit = version[(version.IndexOf('+', StringComparison.Ordinal) + 1)..];
        if (commit.Length >= 8 && commit.Length < version.Length
            && uint.TryParse(commit.AsSpan(0, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number))
        {
            origin = $"from commit {commit[..12]}";
            return number >> 1;
        }

        origin = "no commit is known";
        return Otherwise;
    }
}
