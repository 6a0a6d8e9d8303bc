using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace SimdConv.Cli;

/// <summary>
/// Instructions that are neither multiply-adds nor loads, as many as a core issues. Where another thread runs on the same core,
/// such as that of another virtual machine, they take twice the time, while bare multiply-adds, two of which a core begins in a
/// cycle, take no longer: the two together tell whether a core is shared.
/// </summary>
internal static class IssueLoop
{
    /// <summary>A core counts as shared where it issues less than this share of what it was seen to issue at best.</summary>
    public const double QuietShare = 0.8;

    /// <summary>Instructions of a round: six additions of integers, six of doubles, and the loop.</summary>
    private const int Each = 14;

    /// <summary>So many rounds on the calling thread; returns the instructions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Run(int rounds)
    {
        long a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, step = rounds | 1;
        double u = 0, v = 1, w = 2, x = 3, y = 4, z = 5, more = rounds;
        for (int i = 0; i < rounds; i++)
        {
            a += step;
            u += more;
            b += step;
            v += more;
            c += step;
            w += more;
            d += step;
            x += more;
            e += step;
            y += more;
            f += step;
            z += more;
        }

        // Looking at the results keeps the loop from being left out.
        return a + b + c + d + e + f == 0 && u + v + w + x + y + z < 0 ? 0 : (double)Each * rounds;
    }

    /// <summary>
    /// Instructions a nanosecond in short windows over some tenths of a second: the best of them, and the share of windows in
    /// which the core was shared.
    /// </summary>
    public static (double Best, double SharedShare) Measure()
    {
        const int rounds = 50_000, windows = 500;
        double[] rates = new double[windows];
        Run(rounds);
        for (int i = 0; i < windows; i++)
        {
            long start = Stopwatch.GetTimestamp();
            double instructions = Run(rounds);
            rates[i] = instructions / Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        }

        double best = rates.Max();
        return (best, rates.Count(rate => rate < QuietShare * best) / (double)windows);
    }
}
