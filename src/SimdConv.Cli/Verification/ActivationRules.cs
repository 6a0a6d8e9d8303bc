using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>The activations by their definitions, and how far the library may be from them.</summary>
internal static class ActivationRules
{
    /// <summary>What tanh is multiplied by in checks, and negative numbers by leaky ReLU.</summary>
    public const double Scale = 1.7159, Slope = 0.01;

    public static readonly Activation[] All = Enum.GetValues<Activation>();

    public static string NameOf(Activation activation) => activation switch
    {
        Activation.LeakyRelu => "leaky-relu",
        Activation.HardSwish => "hard-swish",
        Activation.HardSigmoid => "hard-sigmoid",
        _ => activation.ToString().ToLowerInvariant(),
    };

    /// <summary>The function in double; scale and slope are those of the element type.</summary>
    public static double Apply(Activation activation, double x, double scale, double slope) => activation switch
    {
        Activation.Relu => Math.Max(x, 0),
        Activation.Relu6 => Math.Min(Math.Max(x, 0), 6),
        Activation.LeakyRelu => x > 0 ? x : slope * x,
        Activation.Tanh => scale * Math.Tanh(x),
        Activation.HardSwish => x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6,
        _ => ReferenceActivation.Value(activation, x),
    };

    /// <summary>
    /// How far the function's value may be from the right one, <paramref name="y"/>, if its argument is off by <paramref
    /// name="error"/>.
    /// </summary>
    public static double Bound<T>(Activation activation, double y, double error)
    {
        // tanh and hard swish are within 4 ulp, and the expected values within half a one in float and two in double; an ulp is
        // 2 units at most.
        double ulps = typeof(T) == typeof(float) ? 4.5 : 6, own = (2 * ulps * ErrorBound.Unit<T>() * Math.Abs(y))
            + (ulps * ErrorBound.Tiny<T>());
        return activation switch
        {
            Activation.LeakyRelu => error + (error == 0 ? 0 : (2 * ErrorBound.Unit<T>() * Math.Abs(y)) + ErrorBound.Tiny<T>()),
            Activation.Tanh => (Scale * error) + own,
            Activation.HardSwish => (1.5 * error) + own, // The steepest slope is that at 3.
            Activation.Sigmoid => (0.25 * error) + own,
            // The sum of x / 6 and 1/2, each of which is rounded, may come near 0.
            Activation.HardSigmoid => (error / 6) + (2 * ErrorBound.Unit<T>()),
            Activation.Silu => (1.1 * error) + (2 * own),
            Activation.Gelu => (1.13 * error) + (4 * own),
            Activation.Elu => error + own,
            _ => error,
        };
    }
}
