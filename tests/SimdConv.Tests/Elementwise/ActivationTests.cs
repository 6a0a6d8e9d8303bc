using System.Globalization;
using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Architecture;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Elementwise;

/// <summary>
/// The activations that have an exponential function in them, and clip, ELU and hard sigmoid with their numbers.
/// </summary>
public sealed class ActivationTests(ITestOutputHelper output)
{
    /// <summary>The largest errors in units of the last place.</summary>
    private static readonly (Activation Activation, double Ulps)[] Bounds =
        [(Activation.Sigmoid, 4), (Activation.Silu, 5), (Activation.Gelu, 8), (Activation.Elu, 4), (Activation.Tanh, 4)];

    /// <summary>
    /// Bit patterns of floats at equal distances: all exponents, both signs, subnormals; and closer ones where functions bend.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void FloatsAreWithinTheirBounds(SimdTier tier)
    {
        Tiers.Require(tier);
        List<float> arguments = [];
        for (long bits = 0; bits < 1L << 32; bits += 65_521)
            arguments.Add(BitConverter.UInt32BitsToSingle((uint)bits));
        for (float x = 1e-4f; x < 120; x *= 1.0003f)
            arguments.AddRange([x, -x]);
        float[] x0 = [.. arguments.Where(float.IsFinite)], y = new float[x0.Length];
        foreach ((Activation activation, double ulps) in Bounds)
        {
            SimdConv.Elementwise.Activate<float>(activation, x0, y, null, null, tier.Run());
            double worst = 0;
            float at = 0;
            for (int i = 0; i < x0.Length; i++)
            {
                double exact = ReferenceActivation.Value(activation, x0[i]);
                float nearest = (float)Math.Abs(exact);
                double error = Math.Abs(y[i] - exact) / (MathF.BitIncrement(nearest) - (double)nearest);
                if (!(error <= worst))
                    (worst, at) = (error, x0[i]);
            }

            output.WriteLine($"{activation}: worst error {worst:F3} ulp, at {at:R}");
            Assert.True(worst <= ulps, $"{activation}({at:R}) is off by {worst} ulp");
        }
    }

    /// <summary>
    /// Against values that mpmath computed with 60 digits: activations.txt has function, argument, value as a sum of two
    /// doubles, and derivative.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void DoublesAreWithinTheirBounds(SimdTier tier)
    {
        Tiers.Require(tier);
        string file = Path.Combine(SourceTests.Root(), "tests", "SimdConv.Tests", "Elementwise", "activations.txt");
        foreach (IGrouping<string, string[]> lines in File.ReadAllLines(file).Select(line => line.Split(' ')).GroupBy(f => f[0]))
        {
            Activation activation = Enum.Parse<Activation>(lines.Key);
            double[][] numbers = [.. lines.Select(fields =>
                Array.ConvertAll(fields[1..], field => double.Parse(field, CultureInfo.InvariantCulture)))];
            double[] x = [.. numbers.Select(n => n[0])], y = new double[x.Length], dy = [.. x.Select(_ => 1d)],
                dx = new double[x.Length];
            SimdConv.Elementwise.Activate<double>(activation, x, y, null, null, tier.Run());
            SimdConv.Elementwise.ActivateGradient<double>(activation, x, dy, dx, null, null, tier.Run());
            double worst = 0;
            for (int i = 0; i < x.Length; i++)
            {
                double ulp = Math.BitIncrement(Math.Abs(numbers[i][1])) - Math.Abs(numbers[i][1]);
                worst = Math.Max(worst, Math.Abs(y[i] - numbers[i][1] - numbers[i][2]) / ulp);
            }

            output.WriteLine($"{activation}: worst error {worst:F3} ulp");
            Assert.True(worst <= Bounds.Single(b => b.Activation == activation).Ulps, $"{activation} is off by {worst} ulp");
            Compare.WithinBound<double>([.. numbers.Select(n => n[3])], [.. x.Select(_ => 2d)], dx, 8,
                $"{activation}'s derivative");
        }
    }

    /// <summary>
    /// The gradient of each activation by the derivative of its definition, as far as its terms have roundings.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GradientsAreWithinTheirBounds(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            foreach (double? alpha in (double?[])[null, 0.25, -0.5])
            {
                Gradient<float>(activation, alpha, tier);
                Gradient<double>(activation, alpha, tier);
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SpecialValues(SimdTier tier)
    {
        Tiers.Require(tier);
        CheckSpecials<float>(tier);
        CheckSpecials<double>(tier);
    }

    /// <summary>Gradients where functions have kinks, with numbers of their own, and of NaN.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GradientsAtKinksAreTheDocumentedOnes(SimdTier tier)
    {
        Tiers.Require(tier);
        CheckKinks<float>(tier);
        CheckKinks<double>(tier);
    }

    /// <summary>The epilogue of a convolution is the activation with the numbers that it was given.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EpiloguesTakeTheirNumbers(SimdTier tier)
    {
        Tiers.Require(tier);
        CheckEpilogues<float>(tier);
        CheckEpilogues<double>(tier);
    }

    private static void CheckEpilogues<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Conv2DShape shape = new Conv2DShape(3, 7, 9, 5, 3, 3).WithPadding(1, 1);
        Conv2DPlan<T> plan = new(shape);
        ReadOnlySpan<T> x = Data.Make<T>(shape.C * shape.H * shape.W, DataKind.Real, 31),
            w = Data.Make<T>(shape.WeightCount, DataKind.Real, 32);
        T[] sums = new T[shape.K * shape.P * shape.Q], expected = new T[sums.Length], y = new T[sums.Length];
        plan.Forward(1, x, w, sums, default, tier.Run());
        (Activation, double, double?)[] cases = [(Activation.HardSigmoid, 0.5, 0.25), (Activation.HardSigmoid, 0.25, null),
            (Activation.Elu, 0.25, null), (Activation.Clip, -0.5, 0.75), (Activation.Clip, -0.5, null)];
        foreach ((Activation activation, double alpha, double? beta) in cases)
        {
            T first = T.CreateTruncating(alpha);
            T? second = beta is { } number ? T.CreateTruncating(number) : null;
            SimdConv.Elementwise.Activate<T>(activation, sums, expected, first, second, tier.Run());
            plan.Forward(1, x, w, y, new Epilogue<T> { Activation = activation, Alpha = first, Beta = second }, tier.Run());
            Compare.Equal<T>(expected, y, $"{activation} of {alpha} and {beta}");
            foreach ((T sum, T value) in sums.Zip(y))
            {
                double exact = ReferenceActivation.Value(activation, double.CreateTruncating(sum), alpha, beta);
                Assert.Equal(exact, double.CreateTruncating(value), 1e-6 * (1 + Math.Abs(double.CreateTruncating(sum))));
            }
        }
    }

    private static void CheckKinks<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double none = double.NaN;
        Check(Activation.Relu, null, null, [(0, 0), (-0.0, 0), (none, 0)]);
        Check(Activation.Relu6, null, null, [(0, 0), (-0.0, 0), (6, 0), (5.5, 1), (none, 0)]);
        Check(Activation.LeakyRelu, 0.25, null, [(0, 0.25), (-0.0, 0.25), (none, 0.25)]);
        Check(Activation.Elu, 0.25, null, [(0, 0.25), (-0.0, 0.25), (1, 1), (none, none)]);
        Check(Activation.HardSigmoid, 0.5, 0.25, [(-0.5, 0), (1.5, 0), (0, 0.5), (1.25, 0.5), (none, 0)]);
        Check(Activation.Clip, -0.5, 1, [(-0.5, 1), (1, 1), (0, 1), (-0.75, 0), (1.25, 0), (none, 1)]);
        Check(Activation.HardSwish, null, null, [(-3, -0.5), (3, 1.5), (-3.5, 0), (3.5, 1), (none, none)]);
        Check(Activation.None, null, null, [(0, 1), (none, 1)]);
        foreach (Activation smooth in (Activation[])[Activation.Tanh, Activation.Sigmoid, Activation.Silu, Activation.Gelu])
            Check(smooth, null, null, [(none, none)]);

        void Check(Activation activation, double? alpha, double? beta, (double X, double Slope)[] points)
        {
            const double Dy = 1.5;
            for (int lead = 0; lead < 18; lead++)
            {
                T[] x = [.. new T[lead], .. points.Select(point => T.CreateTruncating(point.X))], dx = new T[x.Length];
                SimdConv.Elementwise.ActivateGradient<T>(activation, x, Data.Filled(x.Length, T.CreateTruncating(Dy)), dx,
                    Number(alpha), Number(beta), tier.Run());
                foreach ((int i, (double at, double slope)) in points.Index())
                {
                    double actual = double.CreateTruncating(dx[lead + i]);
                    Assert.True(double.IsNaN(slope) ? double.IsNaN(actual) : Math.Abs(actual - (slope * Dy)) <= 1e-6,
                        $"{activation}'({at}) is {actual / Dy}, not {slope}");
                }
            }
        }

        static T? Number(double? value) => value is { } number ? T.CreateTruncating(number) : null;
    }

    private static void Gradient<T>(Activation activation, double? alpha, SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Length = 1003;
        T[] x = [.. Data.Make<T>(Length, DataKind.Real, 21).Select((v, i) => v * T.CreateTruncating(i % 2 == 0 ? 3 : 20))],
            dy = Data.Make<T>(Length, DataKind.Real, 22), y = new T[Length], dx = new T[Length];
        T? number = alpha is { } a ? T.CreateTruncating(a) : null;
        SimdConv.Elementwise.Activate<T>(activation, x, y, number, null, tier.Run());
        SimdConv.Elementwise.ActivateGradient<T>(activation, x, dy, dx, number, null, tier.Run());
        double[] exact = new double[Length], gauge = new double[Length], value = new double[Length], size = new double[Length];
        double most = 2 + Math.Abs(alpha ?? 0);
        for (int i = 0; i < Length; i++)
        {
            double v = double.CreateTruncating(x[i]), d = double.CreateTruncating(dy[i]);
            double? exactAlpha = number is { } n ? double.CreateTruncating(n) : null;
            double line = v / 6;
            exact[i] = d * ReferenceActivation.Derivative(activation, v, exactAlpha);
            gauge[i] = most * Math.Abs(d);
            value[i] = ReferenceActivation.Value(activation, v, exactAlpha);
            size[i] = Math.Abs(value[i]) + (activation == Activation.HardSigmoid ? Math.Abs((exactAlpha ?? line) * v) + 1 : 0);
        }

        Compare.WithinBound<T>(exact, gauge, dx, 8, $"{activation}'s gradient");
        Compare.WithinBound<T>(value, size, y, 16, $"{activation}");
    }

    private static void CheckSpecials<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T half = T.CreateTruncating(0.5), huge = T.BitDecrement(T.PositiveInfinity), tiny = T.Epsilon;
        T[] x = [T.NaN, T.PositiveInfinity, T.NegativeInfinity, T.Zero, T.NegativeZero, huge, -huge, tiny, -tiny];
        Check(Activation.Sigmoid, [T.NaN, T.One, T.Zero, half, half, T.One, T.Zero, half, half]);
        Check(Activation.Silu, [T.NaN, T.PositiveInfinity, T.Zero, T.Zero, T.Zero, huge, T.Zero, T.Zero, T.Zero]);
        Check(Activation.Gelu, [T.NaN, T.PositiveInfinity, T.Zero, T.Zero, T.Zero, huge, T.Zero, T.Zero, T.Zero]);
        Check(Activation.Elu, [T.NaN, T.PositiveInfinity, -T.One, T.Zero, T.Zero, huge, -T.One, tiny, -tiny]);
        Check(Activation.HardSigmoid, [T.NaN, T.One, T.Zero, half, half, T.One, T.Zero, half, half]);
        Check(Activation.Clip, x);
        Check(Activation.None, x);
        SimdConv.Elementwise.Activate<T>(Activation.Clip, x, x, -half, T.One, tier.Run());
        Compare.Equal<T>([T.NaN, T.One, -half, T.Zero, T.Zero, T.One, -half, tiny, -tiny], x, "clip");

        void Check(Activation activation, T[] expected)
        {
            T[] dx = new T[x.Length], ones = Data.Filled(x.Length, T.One);
            for (int lead = 0; lead < 20; lead++)
            {
                T[] input = [.. new T[lead], .. x], y = new T[input.Length];
                SimdConv.Elementwise.Activate<T>(activation, input, y, null, null, tier.Run());
                Compare.Equal<T>(expected, y.AsSpan(lead), $"{activation} after {lead} others");
            }

            SimdConv.Elementwise.ActivateGradient<T>(activation, x, ones, dx, null, null, tier.Run());
            for (int i = 1; i < x.Length; i++)
            {
                double slope = ReferenceActivation.Derivative(activation, double.CreateTruncating(x[i]));
                Assert.True(Math.Abs(double.CreateTruncating(dx[i]) - slope) <= 1e-6,
                    $"{activation}'({x[i]}) is {dx[i]}, not {slope}");
            }
        }
    }
}
