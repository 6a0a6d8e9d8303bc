using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace SimdConv.Cli;

/// <summary>One level of a core's caches.</summary>
internal readonly record struct CacheLevel(int Level, string Kind, long Bytes);

/// <summary>What this CPU is, as it says itself.</summary>
internal static class Machine
{
    private const int ExtendedLeaf = unchecked((int)0x8000_0000);

    private const string LinuxCpu = "/proc/cpuinfo", LinuxCaches = "/sys/devices/system/cpu/cpu0/cache";

    public static string CpuName()
    {
        string name = X86Base.IsSupported ? BrandString() : "";
        if (name.Length == 0 && File.Exists(LinuxCpu))
        {
            string? line =
                File.ReadLines(LinuxCpu).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal));
            name = line?.Split(':', 2)[^1].Trim() ?? "";
        }

        return name.Length == 0 ? $"unnamed {RuntimeInformation.ProcessArchitecture} CPU" : name;
    }

    /// <summary>The caches of the first core; none where neither the CPU nor the system tells.</summary>
    public static List<CacheLevel> Caches()
    {
        List<CacheLevel> caches = X86Base.IsSupported ? CachesOf(CacheLeaf()) : [];
        if (caches.Count > 0 || !Directory.Exists(LinuxCaches))
            return caches;
        IEnumerable<string> folders = Directory.GetDirectories(LinuxCaches, "index*").Order(StringComparer.Ordinal);
        return [.. folders.Select(ReadLinuxCache).Where(cache => cache.Bytes > 0)];
    }

    private static string BrandString()
    {
        if ((uint)X86Base.CpuId(ExtendedLeaf, 0).Eax < 0x8000_0004)
            return "";
        Span<int> registers = stackalloc int[12];
        for (int i = 0; i < 3; i++)
            (registers[4 * i], registers[(4 * i) + 1], registers[(4 * i) + 2], registers[(4 * i) + 3]) =
                X86Base.CpuId(ExtendedLeaf + 2 + i, 0);
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(registers)).Trim('\0', ' ');
    }

    /// <summary>AMD describes its caches in a leaf of its own, in the format of Intel's leaf 4.</summary>
    private static int CacheLeaf()
    {
        const int amd = ExtendedLeaf + 0x1D, intel = 4, authenticAmdEbx = 0x6874_7541;
        return X86Base.CpuId(0, 0).Ebx == authenticAmdEbx ? amd : intel;
    }

    private static List<CacheLevel> CachesOf(int leaf)
    {
        List<CacheLevel> caches = [];
        uint highest = (uint)X86Base.CpuId(leaf & ExtendedLeaf, 0).Eax;
        for (int i = 0; i < 16 && highest >= (uint)leaf; i++)
        {
            (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, i);
            if ((eax & 31) == 0)
                break;
            string kind = (eax & 31) switch { 1 => "data", 2 => "instruction", _ => "unified" };
            long ways = ((uint)ebx >> 22) + 1, partitions = (((uint)ebx >> 12) & 1023) + 1, line = ((uint)ebx & 4095) + 1;
            caches.Add(new CacheLevel((eax >> 5) & 7, kind, ways * partitions * line * ((long)(uint)ecx + 1)));
        }

        return caches;
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
