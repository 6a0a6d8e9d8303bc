using System.Globalization;
using System.Runtime.InteropServices;

namespace SimdConv.Simd;

/// <summary>What a 64-bit Arm CPU and its operating system tell.</summary>
internal static class ArmCpu
{
    public static readonly CpuFamily Family = new("Arm", RuntimeInformation.ProcessArchitecture is Architecture.Arm64);

    private const string Folder = "/sys/devices/system/cpu/cpu0/cache";

    /// <summary>
    /// Bytes of the data cache of a level, from Linux; elsewhere what the cores of the last ten years have at least: 64 KB and
    /// 512 KB. 0 for a third level that the system doesn't tell.
    /// </summary>
    public static long CacheBytes(int level)
    {
        for (int index = 0; index < 8; index++)
        {
            string cache = $"{Folder}/index{index}";
            if (Read($"{cache}/level") == level.ToString(CultureInfo.InvariantCulture) && Read($"{cache}/type") != "Instruction"
                && Bytes(Read($"{cache}/size")) is > 0 and var bytes)
                return bytes;
        }

        return level switch { 1 => 64 << 10, 2 => 512 << 10, _ => 0 };
    }

    /// <summary>A size as Linux writes it, such as "64K"; 0 for anything else.</summary>
    private static long Bytes(string size)
    {
        int shift = size.EndsWith('K') ? 10 : size.EndsWith('M') ? 20 : 0;
        return long.TryParse(size.TrimEnd('K', 'M'), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            ? count << shift
            : 0;
    }

    private static string Read(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file).Trim() : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
