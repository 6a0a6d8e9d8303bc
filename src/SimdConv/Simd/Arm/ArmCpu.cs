using System.Globalization;
using System.Runtime.InteropServices;

namespace SimdConv.Simd;

/// <summary>What a 64-bit Arm CPU and its operating system tell.</summary>
internal static class ArmCpu
{
    public static readonly CpuFamily Family = new("Arm", RuntimeInformation.ProcessArchitecture is Architecture.Arm64);

    /// <summary>What larger cores of the last ten years have at least: where the system tells nothing.</summary>
    public const long LeastL1 = 64 << 10, LeastL2 = 512 << 10;

    /// <summary>
    /// The caches of the first core as Linux tells them, which may be one of the smaller cores: blocks then fit the larger ones
    /// too. None elsewhere, since a program can't ask such a CPU itself.
    /// </summary>
    public static List<CpuCache> ReadCaches(string folder = "/sys/devices/system/cpu/cpu0/cache")
    {
        List<CpuCache> caches = [];
        for (int index = 0; index < 8; index++)
        {
            string cache = Path.Combine(folder, $"index{index}");
            if (Enum.TryParse(Read(cache, "type"), out CpuCacheKind kind)
                && int.TryParse(Read(cache, "level"), NumberStyles.None, CultureInfo.InvariantCulture, out int level)
                && Bytes(Read(cache, "size")) is > 0 and var bytes)
                caches.Add(new(level, kind, bytes));
        }

        return caches;
    }

    /// <summary>A size as Linux writes it, such as "64K"; 0 for anything else.</summary>
    private static long Bytes(string size)
    {
        int shift = size.EndsWith('K') ? 10 : size.EndsWith('M') ? 20 : 0;
        return long.TryParse(size.TrimEnd('K', 'M'), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            ? count << shift
            : 0;
    }

    private static string Read(string folder, string name)
    {
        try
        {
            string file = Path.Combine(folder, name);
            return File.Exists(file) ? File.ReadAllText(file).Trim() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
