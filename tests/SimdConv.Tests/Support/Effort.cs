using System.Globalization;
using System.Runtime.CompilerServices;

namespace SimdConv.Tests.Support;

/// <summary>
/// How much the tests do. SIMDCONV_LONG=1 asks for the long run of the same tests: hours in place of minutes. A fraction asks for
/// that part of the long run, but never for less than the short one: SIMDCONV_LONG=0.01 tries a test's long form in moments.
/// </summary>
internal static class Effort
{
    /// <summary>What the long run has of each generated case that the short run has.</summary>
    private const int Multiple = 50;

    /// <summary>The part of the long run that is asked for: 0 in the short run, 1 for all of it.</summary>
    public static readonly double Fraction = Read("SIMDCONV_LONG") ?? 0;

    private static readonly double Share = Read("SIMDCONV_TEST_SHARE") ?? 1;

    /// <summary>Whether this is the long run, or a part of it.</summary>
    public static bool IsLong => Fraction > 0;

    /// <summary>The number of something: in the short run the one, in the long run the other.</summary>
    public static int Count(int inShortRun, int inLongRun) => (int)Math.Max(inShortRun, Fraction * inLongRun);

    /// <summary>
    /// The number of generated cases of a property. SIMDCONV_TEST_SHARE=0.02 asks for that share of them, where the CPU is
    /// emulated.
    /// </summary>
    public static int Cases(int inShortRun) => (int)Math.Ceiling(Share * Count(inShortRun, Multiple * inShortRun));

    /// <summary>
    /// Every test of this assembly, and every child process of it, runs with scratch memory that holds NaN at first: what reads
    /// it before it is written shows. Children that measure what a host sees turn it off.
    /// </summary>
    [ModuleInitializer]
    internal static void PoisonWorkspace() =>
        AppContext.SetSwitch(Core.Workspace.PoisonSwitch, Environment.GetEnvironmentVariable(PoisonVariable) != "0");

    /// <summary>Lets tests see which loops a call runs: see <see cref="TracedCall"/>.</summary>
    [ModuleInitializer]
    internal static void TraceCalls() => TracedCall.TurnOn();

    /// <summary>Has the library take the caches to be as large as a variable says, in a child process.</summary>
    [ModuleInitializer]
    internal static void ForceCacheSizes() =>
        AppContext.SetData(Kernels.CacheSizes.Setting, Environment.GetEnvironmentVariable(CachesVariable));

    /// <summary>Bytes of the three levels of cache, such as "32768,262144,2097152".</summary>
    public const string CachesVariable = "SIMDCONV_TEST_CACHES";

    public const string PoisonVariable = "SIMDCONV_TEST_POISON";

    private static double? Read(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? double.Parse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            : null;
}
