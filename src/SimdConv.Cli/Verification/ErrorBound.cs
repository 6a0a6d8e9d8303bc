using System.Globalization;
using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>
/// How far a sum may be from the exact one: gamma(terms + 2) * gauge + (terms + 2) * tiny, the gauge being the same sum over
/// absolute values, gamma(n) = n u / (1 - n u), u half the gap above 1, tiny the smallest positive number.
/// </summary>
internal static class ErrorBound
{
    /// <summary>Guard elements before and after every result: none may be touched.</summary>
    public const int Guard = 32;

    /// <summary>Half the gap above 1.</summary>
    public static double Unit<T>() => typeof(T) == typeof(float) ? Math.ScaleB(1, -24) : Math.ScaleB(1, -53);

    /// <summary>The smallest positive number.</summary>
    public static double Tiny<T>() => typeof(T) == typeof(float) ? Math.ScaleB(1, -149) : Math.ScaleB(1, -1074);

    /// <summary>The bound of a sum.</summary>
    /// <param name="gauge">The sum of its terms' absolute values.</param>
    /// <param name="terms">How many there are.</param>
    public static double OfSum<T>(double gauge, long terms)
    {
        double rounding = (terms + 2) * Unit<T>();
        return (rounding / (1 - rounding) * gauge) + ((terms + 2) * Tiny<T>());
    }

    /// <summary>
    /// The largest error as a fraction of its bound, NaN or infinite if a result is, and what is wrong with the first element
    /// beyond its bound, if one is.
    /// </summary>
    /// <param name="guarded">The result, between guards of NaN.</param>
    /// <param name="expected">The oracle's result; NaN where none may be written.</param>
    /// <param name="bound">How far each element may be from it.</param>
    public static (double Worst, string? Error) Compare<T>(ReadOnlySpan<T> guarded, ReadOnlySpan<T> expected,
        Func<int, double> bound)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (T guard in guarded[..Guard])
        {
            if (!T.IsNaN(guard))
                return (0, "an element before the result was written");
        }

        foreach (T guard in guarded[(Guard + expected.Length)..])
        {
            if (!T.IsNaN(guard))
                return (0, "an element behind the result was written");
        }

        ReadOnlySpan<T> result = guarded.Slice(Guard, expected.Length);
        string? wrong = null;
        double worst = 0;
        for (int i = 0; i < result.Length; i++)
        {
            // Infinities are equal without a difference.
            if (result[i] == expected[i] || (T.IsNaN(expected[i]) && T.IsNaN(result[i])))
                continue;
            double limit = bound(i), error = Math.Abs(double.CreateTruncating(result[i]) - double.CreateTruncating(expected[i]));
            double fraction = error / limit;
            if (!(fraction <= 1) && wrong is null)
            {
                wrong = T.IsNaN(expected[i])
                    ? string.Create(CultureInfo.InvariantCulture,
                        $"element {i}, which lies between rows, was written: {result[i]}")
                    : string.Create(CultureInfo.InvariantCulture,
                        $"element {i} is {result[i]}; expected {expected[i]} "
                        + $"{(limit == 0 ? "exactly" : $"within {Short(limit)}")}");
            }

            // Unlike a comparison, Max keeps NaN.
            worst = Math.Max(worst, fraction);
        }

        return (worst, wrong);

        static string Short(double value) => value.ToString("g3", CultureInfo.InvariantCulture);
    }
}
