using System.Runtime.InteropServices;
using SimdConv.Cli;

namespace SimdConv.Perf.Compare;

/// <summary>What figures belong to: processor, runtime, versions of the peers, and the command.</summary>
internal static class Heading
{
    public static void Write(PeerSet peers, TextWriter output)
    {
        output.WriteLine(
            $"{Machine.CpuName()}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, "
            + $"{RuntimeInformation.RuntimeIdentifier}");
        output.WriteLine(string.Join(", ", peers.Versions.DefaultIfEmpty("no peers")));
        output.WriteLine($"> {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}");
    }
}
