using SimdConv.Arm64;
using SimdConv.Bits;

// bits ...              the program SimdConv.Bits
// shapes COUNT SEED     prints random convolutions for verify
// tiles LISTING         counts the instructions of NEON's tiles in what objdump wrote; exit code 1 if there are too many
// anything else         the tool, simdconv
return args switch
{
    ["bits", .. string[] rest] => BitsCommand.Run(rest),
    ["shapes", string count, string seed] => RandomShapes.Print(int.Parse(count), int.Parse(seed)),
    ["tiles", string listing] => TileListing.Check(File.ReadLines(listing)),
    _ => SimdConv.Cli.Program.Main(args),
};
