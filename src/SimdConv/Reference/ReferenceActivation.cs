namespace SimdConv.Reference;

/// <summary>Activations and their derivatives, one number at a time in double precision: what the library's are tested
/// against.</summary>
public static class ReferenceActivation
{
    /// <summary>f(x).</summary>
    /// <param name="activation">The function.</param>
    /// <param name="x">Its argument.</param>
    /// <param name="alpha">Its first number; null is the default.</param>
    /// <param name="beta">Its second number; null is the default.</param>
    public static double Value(Activation activation, double x, double? alpha = null, double? beta = null) => activation switch
    {
        Activation.None => x,
        Activation.Relu => Between(x, 0, double.PositiveInfinity),
        Activation.Relu6 => Between(x, 0, 6),
        Activation.LeakyRelu => x > 0 ? x : (alpha ?? 0.01) * x,
        Activation.Tanh => (alpha ?? 1) * Math.Tanh(x),
        Activation.HardSwish => x < -3 ? 0 : x > 3 ? x : x * (x + 3) / 6,
        Activation.Sigmoid => Sigmoid(x),
        Activation.Silu => double.IsNegativeInfinity(x) ? 0 : x * Sigmoid(x),
        Activation.Gelu => double.IsNegativeInfinity(x) ? 0 : x * Normal(x),
        Activation.HardSigmoid => Between(((alpha ?? 1 / 6d) * x) + (beta ?? 0.5), 0, 1),
        Activation.Elu => x > 0 ? x : (alpha ?? 1) * ExponentialMinusOne(x),
        Activation.Clip => Between(x, alpha ?? double.NegativeInfinity, beta ?? double.PositiveInfinity),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    /// <summary>f'(x), at kinks as <see cref="Elementwise.ActivateGradient"/> tells.</summary>
    /// <param name="activation">The function.</param>
    /// <param name="x">Its argument.</param>
    /// <param name="alpha">Its first number; null is the default.</param>
    /// <param name="beta">Its second number; null is the default.</param>
    public static double Derivative(Activation activation, double x, double? alpha = null, double? beta = null)
    {
        double line = ((alpha ?? 1 / 6d) * x) + (beta ?? 0.5);
        return activation switch
        {
            Activation.None => 1,
            Activation.Relu => x > 0 ? 1 : 0,
            Activation.Relu6 => x is > 0 and < 6 ? 1 : 0,
            Activation.LeakyRelu => x > 0 ? 1 : alpha ?? 0.01,
            Activation.Tanh => (alpha ?? 1) * (1 - (Math.Tanh(x) * Math.Tanh(x))),
            Activation.HardSwish => x < -3 ? 0 : x > 3 ? 1 : (x / 3) + 0.5,
            Activation.Sigmoid => Sigmoid(x) * Sigmoid(-x),
            Activation.Silu => Sigmoid(x) * (1 + (Finite(x) * Sigmoid(-x))),
            Activation.Gelu => Normal(x) + (Finite(x) * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI)),
            Activation.HardSigmoid => line is > 0 and < 1 ? alpha ?? 1 / 6d : 0,
            Activation.Elu => x > 0 ? 1 : (alpha ?? 1) * Math.Exp(x),
            Activation.Clip => x < (alpha ?? double.NegativeInfinity) || x > (beta ?? double.PositiveInfinity) ? 0 : 1,
            _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
        };
    }

    /// <summary>The distribution function of the normal distribution.</summary>
    public static double Normal(double x)
    {
        if (double.IsNaN(x) || Math.Abs(x) > 40)
            return double.IsNaN(x) ? x : x > 0 ? 1 : 0;

        // x^2 in two parts: an error of the exponent is one of the result times x^2.
        double a = Math.Abs(x), high = (float)a;
        double density = Math.Exp(-high * high / 2) * Math.Exp((high - a) * (high + a) / 2) / Math.Sqrt(2 * Math.PI);
        if (a < 1)
        {
            // Phi(a) = 1/2 + phi(a) (a + a^3/3 + a^5/15 + ...).
            double term = a, sum = 0;
            for (int odd = 3; term > 1e-18 * sum; odd += 2)
            {
                sum += term;
                term *= a * a / odd;
            }

            return 0.5 + (Math.Sign(x) * density * sum);
        }

        // Phi(-a) = phi(a) / (a + 1 / (a + 2 / (a + 3 / ...))).
        double fraction = a;
        for (int i = 600; i > 0; i--)
            fraction = a + (i / fraction);
        return x > 0 ? 1 - (density / fraction) : density / fraction;
    }

    private static double Sigmoid(double x) => x > 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    private static double Between(double x, double least, double largest) =>
        double.IsNaN(x) ? x : Math.Min(Math.Max(x, least), largest);

    private static double ExponentialMinusOne(double x)
    {
        // Kahan's: the errors of e^x and of its logarithm cancel.
        double e = Math.Exp(x);
        return e == 1 ? x : e < 0.25 ? e - 1 : (e - 1) * x / Math.Log(e);
    }

    private static double Finite(double x) => Math.Clamp(x, -1e4, 1e4);
}
