using System.Runtime.InteropServices;

namespace SimdConv.Perf.Compare;

/// <summary>What figures belong to: processor, runtime, versions of the peers, and the command.</summary>
internal static class Machine
{
    public static void Describe(PeerSet peers, TextWriter output)
    {
        output.WriteLine($"{Cpu()}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}");
        output.WriteLine(string.Join(", ", peers.Versions.DefaultIfEmpty("no peers")));
        output.WriteLine($"> {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}");
    }

    private static string Cpu()
    {
        const string key = "model name", cpuInfo = "/proc/cpuinfo";
        string? line = File.Exists(cpuInfo) ? File.ReadLines(cpuInfo).FirstOrDefault(l => l.StartsWith(key, StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
