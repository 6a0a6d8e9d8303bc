using System.Numerics;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>Every activation and its gradient over a span of some length.</summary>
internal sealed record ActivationChecks(int Length) : ICheckable
{
    private const double Reach = 8;

    private static readonly double[] Special =
        [0, -0.0, 1e-40, 3, -3, 6, 2.9999998, -2.9999998, 1e4, -1e4, 1e30, -1e30, double.PositiveInfinity,
            double.NegativeInfinity];

    public static IEnumerable<ICheckable> BuiltIn() =>
        ((int[])[0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 129, 1000, 30_001]).Select(length =>
            new ActivationChecks(length));

    public override string ToString() => $"elements={Length}";

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T scale = T.CreateTruncating(ActivationRules.Scale), slope = T.CreateTruncating(ActivationRules.Slope);
        T[] x = checker.Data(Length, Reach), dy = checker.Data(Length);
        for (int i = 0; i < Math.Min(Special.Length, Length / 2); i++)
            x[(2 * i) + 1] = T.CreateTruncating(Special[i]);
        foreach (Activation activation in ActivationRules.All)
        {
            if (activation == Activation.None)
                continue;
            string name = ActivationRules.NameOf(activation);
            T[] y = Array.ConvertAll(x, value => T.CreateTruncating(
                ActivationRules.Apply(activation, ToDouble(value), ToDouble(scale), ToDouble(slope))));
            checker.Check(name, y, i => ActivationRules.Bound<T>(activation, ToDouble(y[i]), 0), (result, execution) =>
                Forward(activation, x, result, execution));

            // Of the first ones but hard swish the result tells the gradient, of the others the argument.
            T[] from = activation >= Activation.HardSwish ? x : y, dx = new T[Length];
            double[] bounds = new double[Length];
            for (int i = 0; i < Length; i++)
                (dx[i], bounds[i]) = Gradient(activation, ToDouble(from[i]), ToDouble(dy[i]));
            checker.Check(name + "-gradient", dx, i => bounds[i], (result, execution) =>
                Backward(activation, from, dy, result, execution));
        }

        void Forward(Activation activation, T[] x, Span<T> y, Execution execution)
        {
            switch (activation)
            {
                case Activation.Relu: Elementwise.Relu(x, y, execution); break;
                case Activation.Relu6: Elementwise.Relu6(x, y, execution); break;
                case Activation.LeakyRelu: Elementwise.LeakyRelu(x, y, slope, execution); break;
                case Activation.Tanh: Elementwise.Tanh(x, y, scale, execution); break;
                case Activation.HardSwish: Elementwise.HardSwish(x, y, execution); break;
                default: Elementwise.Activate(activation, x, y, null, null, execution); break;
            }
        }

        void Backward(Activation activation, T[] from, T[] dy, Span<T> dx, Execution execution)
        {
            switch (activation)
            {
                case Activation.Relu: Elementwise.ReluGradient(from, dy, dx, execution); break;
                case Activation.Relu6: Elementwise.Relu6Gradient(from, dy, dx, execution); break;
                case Activation.LeakyRelu: Elementwise.LeakyReluGradient(from, dy, dx, slope, execution); break;
                case Activation.Tanh: Elementwise.TanhGradient(from, dy, dx, scale, execution); break;
                case Activation.HardSwish: Elementwise.HardSwishGradient(from, dy, dx, execution); break;
                default: Elementwise.ActivateGradient(activation, from, dy, dx, null, null, execution); break;
            }
        }

        // The gradient by its formula, and some roundings of its terms for those that have any.
        (T, double) Gradient(Activation activation, double from, double dy)
        {
            const int roundings = 8;
            (double dx, double gauge) = activation switch
            {
                Activation.Relu => (from > 0 ? dy : 0, 0),
                Activation.Relu6 => (from is > 0 and < 6 ? dy : 0, 0),
                Activation.LeakyRelu => (from > 0 ? dy : ToDouble(slope) * dy, 0),
                Activation.Tanh => (dy * (ToDouble(scale) - (from * from / ToDouble(scale))),
                    Math.Abs(dy) * (ToDouble(scale) + (from * from / ToDouble(scale)))),
                Activation.HardSwish when from is >= -3 and <= 3 =>
                    (dy * ((from / 3) + 0.5), Math.Abs(dy) * ((Math.Abs(from) / 3) + 0.5)),
                Activation.HardSwish => (from > 3 ? dy : 0, 0.0),
                _ => ByArgument(activation, from, dy),
            };
            double bound = roundings * ErrorBound.Unit<T>() * gauge;

            // Whether x / 6 + 1/2 is inside at the bounds of hard sigmoid depends on the rounding of 1/6.
            bool isAtBound = activation == Activation.HardSigmoid && Math.Abs(Math.Abs(from) - 3) < 1e-6;
            return (T.CreateTruncating(dx), isAtBound ? bound + (Math.Abs(dy) * (1 + ErrorBound.Unit<T>()) / 6) : bound);
        }

        // No derivative is more than a sum of terms of at most 1 and |x| * phi(x) or |x| * e^-|x|, which are less than 1.
        static (double, double) ByArgument(Activation activation, double x, double dy) =>
            (dy * ReferenceActivation.Derivative(activation, x), 2 * Math.Abs(dy));

        static double ToDouble(T value) => double.CreateTruncating(value);
    }
}
