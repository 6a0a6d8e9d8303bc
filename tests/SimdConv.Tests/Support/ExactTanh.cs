using System.Numerics;

namespace SimdConv.Tests.Support;

/// <summary>tanh in fixed point with 300 binary places: far more than a double holds, whatever its argument.</summary>
internal static class ExactTanh
{
    private const int Places = 300;

    private static readonly BigInteger One = BigInteger.One << Places;

    /// <summary>|value - tanh(x)| in units of the last place of tanh(x) as a double.</summary>
    public static double ErrorInUlps(double x, double value)
    {
        double magnitude = Math.Abs(x);
        if (magnitude < Math.ScaleB(1, -60)) // tanh(x) = x (1 - x^2/3 + ...) rounds to x.
            return Math.Abs(value - x) / Ulp(x);
        if (magnitude > 25) // 1 - tanh(25) is below 2^-71.
            return Math.Abs(value - Math.CopySign(1, x)) / Math.ScaleB(1, -53);
        BigInteger exact = Evaluate(magnitude), error = BigInteger.Abs(ToFixed(Math.CopySign(1, x) * value) - exact);
        return (double)error / (double)One / Ulp((double)exact / (double)One);
    }

    /// <summary>tanh of a positive argument.</summary>
    private static BigInteger Evaluate(double x)
    {
        // e^2x = (e^(2x / 2^12))^(2^12), the inner one by its series.
        BigInteger argument = ToFixed(2 * x) >> 12, term = One, sum = One;
        for (int i = 1; !term.IsZero; i++)
        {
            term = ((term * argument) >> Places) / i;
            sum += term;
        }

        for (int i = 0; i < 12; i++)
            sum = (sum * sum) >> Places;
        return ((sum - One) << Places) / (sum + One);
    }

    private static BigInteger ToFixed(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & 0xF_FFFF_FFFF_FFFF) | (exponent == 0 ? 0 : 1L << 52);
        int shift = Math.Max(exponent, 1) - 1075 + Places;
        BigInteger magnitude = shift >= 0 ? mantissa << shift : mantissa >> -shift;
        return value < 0 ? -magnitude : magnitude;
    }

    private static double Ulp(double value) => Math.BitIncrement(Math.Abs(value)) - Math.Abs(value);
}
