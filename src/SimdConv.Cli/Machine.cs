using System.Runtime.InteropServices;

namespace SimdConv.Cli;

/// <summary>One level of a core's caches.</summary>
internal readonly record struct CacheLevel(int Level, string Kind, long Bytes);

/// <summary>What this CPU is, as the system says.</summary>
internal static class Machine
{
    private const string LinuxCpu = "/proc/cpuinfo", LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";

    public static string CpuName()
    {
        string? name = Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        if (File.Exists(LinuxCpu))
        {
            name = File.ReadLines(LinuxCpu).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':', 2)[^1].Trim();
        }

        return string.IsNullOrEmpty(name) ? $"unnamed {RuntimeInformation.ProcessArchitecture} CPU" : name;
    }

    /// <summary>The caches of the first core; none where the system doesn't tell.</summary>
    public static List<CacheLevel> Caches()
    {
        if (!Directory.Exists(LinuxCaches))
            return [];
        IEnumerable<string> folders = Directory.GetDirectories(LinuxCaches, "index*").Order(StringComparer.Ordinal);
        return [.. folders.Select(ReadLinuxCache).Where(cache => cache.Bytes > 0)];
    }

    private static CacheLevel ReadLinuxCache(string folder)
    {
        string Read(string name) =>
            File.Exists(Path.Combine(folder, name)) ? File.ReadAllText(Path.Combine(folder, name)).Trim() : "";
        string size = Read("size");
        _ = int.TryParse(Read("level"), out int level);
        _ = long.TryParse(size.TrimEnd('K', 'M'), out long number);
        return new CacheLevel(level, Read("type").ToLowerInvariant(), size.EndsWith('M') ? number << 20 : number << 10);
    }
}
