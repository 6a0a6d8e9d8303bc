using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace SimdConv.Tests.Support;

/// <summary>
/// Runs one property over generated cases, as many as told in the short run and 50 times as many in the long one. The seed is fixed, so that a
/// failure comes back; SIMDCONV_TEST_SEED sets another one. A failure prints the seed and the smallest case found.
/// </summary>
internal static class Properties
{
    public static readonly ulong Seed = ReadVariable("SIMDCONV_TEST_SEED", 20_260_101);

    public static void Check<TCase>(Arbitrary<TCase> cases, int count, Action<TCase> property)
    {
        Replay replay = new(new Rnd(Seed), null);
        Config config = Config.QuickThrowOnFailure.WithMaxTest(Effort.Cases(count)).WithReplay(replay).WithQuietOnSuccess(true);
        try
        {
            FsCheck.Check.One(config, Prop.ForAll(cases, property));
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"With SIMDCONV_TEST_SEED={Seed}: {e.Message}");
        }
    }

    /// <summary>As <see cref="Check{TCase}"/>, for a property that gives an error as a fraction of its bound: returns the worst one.</summary>
    public static double Worst<TCase>(Arbitrary<TCase> cases, int count, Func<TCase, double> property)
    {
        double worst = 0;
        Check(cases, count, c => worst = Math.Max(worst, property(c)));
        return worst;
    }

    private static ulong ReadVariable(string name, ulong otherwise) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : otherwise;
}
