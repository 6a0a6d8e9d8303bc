using System.Globalization;
using System.Numerics;

namespace SimdConv.Cli.Verification;

/// <summary>
/// How far a sum may be from the exact one: gamma(terms + 2) * gauge + (terms + 2) * tiny, the gauge being the same sum over absolute
/// values, gamma(n) = n u / (1 - n u), u half the gap above 1, tiny the smallest positive number.
/// </summary>
internal static class ErrorBound
{
    /// <summary>Guard elements before and after every result: none may be touched.</summary>
    public const int Guard = 32;

    /// <summary>
    /// The largest error as a fraction of its bound, and what is wrong with the first element beyond it, if one is.
    /// </summary>
    /// <param name="guarded">The result, between guards of NaN.</param>
    /// <param name="expected">The oracle's result.</param>
    /// <param name="gauge">The oracle's sums of absolute values; empty where results must be equal.</param>
    /// <param name="terms">Terms of one sum.</param>
    public static (double Worst, string? Error) Compare<T>(ReadOnlySpan<T> guarded, ReadOnlySpan<T> expected, ReadOnlySpan<T> gauge, long terms)
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
        double unit = typeof(T) == typeof(float) ? Math.ScaleB(1, -24) : Math.ScaleB(1, -53);
        double tiny = typeof(T) == typeof(float) ? Math.ScaleB(1, -149) : Math.ScaleB(1, -1074);
        string? wrong = null;
        double gamma = (terms + 2) * unit / (1 - ((terms + 2) * unit)), worst = 0;
        for (int i = 0; i < result.Length; i++)
        {
            double error = Math.Abs(double.CreateTruncating(result[i]) - double.CreateTruncating(expected[i]));
            double bound = gauge.IsEmpty ? 0 : (gamma * double.CreateTruncating(gauge[i])) + ((terms + 2) * tiny);
            double fraction = error == 0 ? 0 : error / bound;
            if (!(fraction <= 1) && wrong is null)
            {
                string limit = gauge.IsEmpty ? "exactly" : string.Create(CultureInfo.InvariantCulture, $"within {bound:g3}");
                wrong = string.Create(CultureInfo.InvariantCulture, $"element {i} is {result[i]}; expected {expected[i]} {limit}");
            }

            worst = fraction > worst ? fraction : worst;
        }

        return (worst, wrong);
    }
}
