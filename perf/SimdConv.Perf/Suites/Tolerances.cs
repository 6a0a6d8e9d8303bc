using System.Numerics;

namespace SimdConv.Perf.Suites;

/// <summary>How far results of different sums of the same terms may lie apart.</summary>
internal static class Tolerances
{
    /// <summary>
    /// For sums of that many random terms, as a fraction of the largest: errors grow as the root of the number.
    /// </summary>
    public static double OfSum<T>(double terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        16 * Math.Sqrt(terms + 1) * (SizeOf<T>() == sizeof(float) ? Math.ScaleB(1, -24) : Math.ScaleB(1, -53));

    public static unsafe int SizeOf<T>()
        where T : unmanaged => sizeof(T);
}
