using System.Runtime.InteropServices;

namespace SimdConv.Cli;

/// <summary>What this CPU is, as the system says.</summary>
internal static class Machine
{
    private const string LinuxCpu = "/proc/cpuinfo";

    /// <summary>Who makes Arm cores, by the number in their identification register, as the Linux kernel names them.</summary>
    private static readonly Dictionary<string, string> Implementers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["0x41"] = "Arm",
        ["0x42"] = "Broadcom",
        ["0x43"] = "Cavium",
        ["0x46"] = "Fujitsu",
        ["0x48"] = "HiSilicon",
        ["0x4e"] = "NVIDIA",
        ["0x50"] = "Ampere",
        ["0x51"] = "Qualcomm",
        ["0x53"] = "Samsung",
        ["0x61"] = "Apple",
        ["0x6d"] = "Microsoft",
        ["0xc0"] = "Ampere",
    };

    public static string CpuName()
    {
        string? name = Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        if (File.Exists(LinuxCpu))
            name = CpuName(File.ReadAllLines(LinuxCpu));
        return string.IsNullOrEmpty(name) ? $"unnamed {RuntimeInformation.ProcessArchitecture} CPU" : name;
    }

    /// <summary>
    /// The model's name; on Arm, where there is none, the implementer and the part of each kind of core, and how many there are
    /// of it. Null where the lines tell neither.
    /// </summary>
    /// <param name="lines">Of /proc/cpuinfo.</param>
    public static string? CpuName(string[] lines)
    {
        string[] Values(string key) =>
        [
            .. lines.Where(line => line.StartsWith(key, StringComparison.Ordinal)).Select(line => line.Split(':', 2)[^1].Trim()),
        ];
        if (Values("model name") is [var name, ..])
            return name;
        string[] cores =
        [
            .. Values("CPU implementer").Zip(Values("CPU part"), (implementer, part) =>
                $"{Implementers.GetValueOrDefault(implementer, $"implementer {implementer}")} part {part}"),
        ];
        return cores.Length == 0 ? null
            : string.Join(", ", cores.GroupBy(core => core).Select(group => $"{group.Count()} cores {group.Key}"));
    }
}
