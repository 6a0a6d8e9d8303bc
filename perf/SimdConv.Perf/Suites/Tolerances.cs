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

    /// <summary>The same for a convolution: errors grow with the numbers that transforms multiply by.</summary>
    public static double OfConv<T>(ConvShape row, double terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => OfSum<T>(terms)
        * (row.Algorithm == ConvAlgorithm.Direct ? 1 : row.Algorithm == ConvAlgorithm.WinogradF2 && row.Shape.R == 3 ? 2 : 16);

    public static unsafe int SizeOf<T>()
        where T : unmanaged => sizeof(T);
}
