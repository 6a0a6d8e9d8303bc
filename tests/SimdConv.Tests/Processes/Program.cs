using SimdConv.Cli.Commands;
using SimdConv.Tests.Blocks;
using SimdConv.Tests.Cli;
using SimdConv.Tests.Overflow;

namespace SimdConv.Tests.Processes;

/// <summary>
/// What this assembly does when run as a program: one check that needs a process, or switches of the runtime, of its own.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        try
        {
            switch (arguments)
            {
                case ["tiers", string best, string fuses]:
                    TierChild.Run(Enum.Parse<SimdTier>(best), bool.Parse(fuses));
                    return 0;
                case ["guards", .. string[] tiers]:
                    GuardedScratch.TurnOn();
                    GuardChild.Run(tiers.Length == 0 ? SimdSupport.Available : Array.ConvertAll(tiers, Enum.Parse<SimdTier>));
                    return 0;
                case ["guarded-paths"]:
                    GuardedScratch.TurnOn();
                    GuardChild.Paths();
                    return 0;
                case ["scratch-overrun"]:
                    GuardedScratch.TurnOn();
                    GuardedScratch.Overrun();
                    return 0;
                case ["overrun"]:
                    GuardChild.Overrun();
                    return 0;
                case ["allocations", string threads]:
                    AllocationChild.Run(int.Parse(threads, System.Globalization.CultureInfo.InvariantCulture));
                    return 0;
                case ["callers", string calls]:
                    CallersChild.Run(int.Parse(calls, System.Globalization.CultureInfo.InvariantCulture));
                    return 0;
                case ["first"]:
                    FirstCallChild.Run();
                    return 0;
                case ["caches"]:
                    CacheChild.Run();
                    return 0;
                case ["algorithms"]:
                    AlgorithmsChild.Run();
                    return 0;
                case ["tiles"]:
                    TilesChild.Run();
                    return 0;
                case ["overflow"]:
                    CheckedLibrary.Run(typeof(OverflowChild), nameof(OverflowChild.Run));
                    return 0;
                case ["workers"]:
                    ResourceChild.Workers();
                    return 0;
                case ["scratch"]:
                    ResourceChild.Scratch();
                    return 0;
                case ["panels"]:
                    PanelsChild.Print();
                    return 0;
                case ["save-panels", string path]:
                    PanelsChild.Save(path);
                    return 0;
                case ["share-panels", string path]:
                    PanelsChild.Share(path);
                    return 0;
                case ["tests", string pattern]:
                    return TestsChild.Run(pattern);
                case ["verify", string direction, string fault, .. string[] shapes]:
                    return VerifyCommand.Run(null, shapes, null, 1, asJson: true,
                        new VerifierTests.Spoiler(direction, SimdSupport.Best, Enum.Parse<VerifierTests.Fault>(fault)));
                case ["best"]:
                    Console.WriteLine(SimdSupport.Best);
                    return 0;
                default:
                    Console.Error.WriteLine("expected: tiers BEST FUSES | guards [TIER ...] | guarded-paths | overrun | "
                        + "scratch-overrun | allocations THREADS | callers CALLS | first | caches | tiles | overflow | workers | "
                        + "scratch | panels | save-panels PATH | share-panels PATH | tests PATTERN | "
                        + "verify DIRECTION FAULT SHAPE... | best");
                    return 2;
            }
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return 1;
        }
    }
}
