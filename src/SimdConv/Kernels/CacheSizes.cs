using System.Globalization;

namespace SimdConv.Kernels;

/// <summary>The data caches of this machine as the CPU tells them, read once. Results never depend on them.</summary>
internal static class CacheSizes
{
    /// <summary>
    /// What every core of the last ten years has at least: where the CPU says nothing, and for blocks that gain nothing from
    /// more.
    /// </summary>
    public const int LeastL1 = 32 * 1024, LeastL2 = 256 * 1024;

    private const int LeastL3 = 2048 * 1024;

    /// <summary>
    /// Data of <see cref="AppContext"/> that tests set before the first call: bytes of the three levels, such as
    /// "32768,262144,2097152", to run as on a CPU that has these.
    /// </summary>
    public const string Setting = "SimdConv.CacheSizes";

    private const int Most = 64 << 20;

    private static readonly string[] Told = (AppContext.GetData(Setting) as string)?.Split(',') ?? [];

    /// <summary>Bytes of the first level.</summary>
    public static readonly int L1 = Read(1, LeastL1);

    /// <summary>Bytes of the second level.</summary>
    public static readonly int L2 = Read(2, LeastL2);

    /// <summary>Bytes of the third level, all of it.</summary>
    public static readonly int L3 = Read(3, LeastL3);

    private static int Read(int level, int least)
    {
        if (Told.Length >= level && int.TryParse(Told[level - 1], NumberStyles.None, CultureInfo.InvariantCulture, out int bytes))
            return Math.Clamp(bytes, least, Most);
        long told = Cpu.CacheBytes(level);
        return told == 0 ? least : (int)Math.Clamp(told, least, Most);
    }
}
