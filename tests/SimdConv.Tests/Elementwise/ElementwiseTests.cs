using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Elementwise;

public sealed class ElementwiseFloatTests : ElementwiseTests<float>;

public sealed class ElementwiseDoubleTests : ElementwiseTests<double>;

public abstract class ElementwiseTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T Scale = T.CreateTruncating(1.7159);

    private delegate void Operation(ReadOnlySpan<T> first, ReadOnlySpan<T> second, Span<T> result, Execution execution);

    private static readonly (string Name, Operation Run)[] Operations =
    [
        ("Tanh", (x, _, y, execution) => SimdConv.Elementwise.Tanh(x, y, Scale, execution)),
        ("TanhGradient", (y, dy, dx, execution) => SimdConv.Elementwise.TanhGradient(y, dy, dx, Scale, execution)),
        ("Relu", (x, _, y, execution) => SimdConv.Elementwise.Relu(x, y, execution)),
        ("ReluGradient", (y, dy, dx, execution) => SimdConv.Elementwise.ReluGradient(y, dy, dx, execution)),
        ("Relu6", (x, _, y, execution) => SimdConv.Elementwise.Relu6(x, y, execution)),
        ("Relu6Gradient", (y, dy, dx, execution) => SimdConv.Elementwise.Relu6Gradient(y, dy, dx, execution)),
        ("LeakyRelu", (x, _, y, execution) => SimdConv.Elementwise.LeakyRelu(x, y, Scale, execution)),
        ("HardSwish", (x, _, y, execution) => SimdConv.Elementwise.HardSwish(x, y, execution)),
        ("HardSwishGradient", (x, dy, dx, execution) => SimdConv.Elementwise.HardSwishGradient(x, dy, dx, execution)),
        ("LeakyReluGradient", (y, dy, dx, execution) => SimdConv.Elementwise.LeakyReluGradient(y, dy, dx, Scale, execution)),
    ];

    private static IEnumerable<(string Name, Operation Run)> AllOperations() =>
        Operations.Concat(Enum.GetValues<Activation>().SelectMany(activation => ((string, Operation)[])
        [
            ($"Activate {activation}", (x, _, y, execution) =>
                SimdConv.Elementwise.Activate(activation, x, y, T.CreateTruncating(0.3), null, execution)),
            ($"ActivateGradient {activation}", (x, dy, dx, execution) =>
                SimdConv.Elementwise.ActivateGradient(activation, x, dy, dx, T.CreateTruncating(0.3), null, execution)),
        ]));

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void RelusAndTheirGradientsAreExact(SimdTier tier)
    {
        Tiers.Require(tier);
        T six = T.CreateTruncating(6), slope = T.CreateTruncating(0.01);
        T[] specials =
        [
            T.NaN, T.NegativeZero, T.Zero, T.PositiveInfinity, T.NegativeInfinity, T.Epsilon, -T.Epsilon, six,
            T.BitDecrement(six), six + six,
        ];
        T[] x = [.. specials, .. Data.Make<T>(200, DataKind.Real, 3)];
        T[] dy = Data.Make<T>(x.Length, DataKind.Real, 4), y = new T[x.Length], dx = new T[x.Length];
        SimdConv.Elementwise.Relu<T>(x, y, tier.Run());
        Compare.Equal<T>([.. x.Select(v => T.IsNaN(v) || v > T.Zero ? v : T.Zero)], y, "ReLU");
        SimdConv.Elementwise.ReluGradient<T>(x, dy, dx, tier.Run());
        Compare.Equal<T>([.. x.Select((v, i) => v > T.Zero ? dy[i] : T.Zero)], dx, "ReLU's gradient");
        SimdConv.Elementwise.Relu6<T>(x, y, tier.Run());
        Compare.Equal<T>([.. x.Select(v => T.IsNaN(v) ? v : T.Clamp(v, T.Zero, six))], y, "ReLU6");
        SimdConv.Elementwise.Relu6Gradient<T>(x, dy, dx, tier.Run());
        Compare.Equal<T>([.. x.Select((v, i) => v > T.Zero && v < six ? dy[i] : T.Zero)], dx, "ReLU6's gradient");
        SimdConv.Elementwise.LeakyRelu<T>(x, y, slope, tier.Run());
        Compare.Equal<T>([.. x.Select(v => v > T.Zero ? v : slope * v)], y, "leaky ReLU");
        SimdConv.Elementwise.LeakyReluGradient<T>(x, dy, dx, slope, tier.Run());
        Compare.Equal<T>([.. x.Select((v, i) => v > T.Zero ? dy[i] : slope * dy[i])], dx, "leaky ReLU's gradient");
    }

    /// <summary>
    /// Within 4 ulp of the definition between -3 and 3, where ends are near too; exact beyond, and at NaN and infinities.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void HardSwishAndItsGradientAreWithinTheirBounds(SimdTier tier)
    {
        Tiers.Require(tier);
        T three = T.CreateTruncating(3);
        T[] specials = [T.NaN, T.NegativeInfinity, T.PositiveInfinity, T.BitDecrement(-three), -three, T.BitIncrement(-three),
            T.BitDecrement(three), three,
            T.BitIncrement(three), T.BitDecrement(T.PositiveInfinity), T.BitIncrement(T.NegativeInfinity)];
        T[] x = [.. specials, .. Data.Make<T>(999, DataKind.Real, 12).Select(v => v * three)];
        T[] dy = Data.Make<T>(x.Length, DataKind.Real, 13), y = new T[x.Length], dx = new T[x.Length];
        SimdConv.Elementwise.HardSwish<T>(x, y, tier.Run());
        SimdConv.Elementwise.HardSwishGradient<T>(x, dy, dx, tier.Run());
        double[] exact = new double[x.Length], gauge = new double[x.Length], gradient = new double[x.Length],
            gradientGauge = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double v = double.CreateTruncating(x[i]), d = double.CreateTruncating(dy[i]);
            bool isOutside = Math.Abs(v) > 3;
            exact[i] = isOutside ? (v < 0 ? 0 : v) : v * (v + 3) / 6;
            gauge[i] = isOutside ? 0 : Math.Abs(exact[i]);
            gradient[i] = isOutside ? (v < 0 ? 0 : d) : d * ((v / 3) + 0.5);
            gradientGauge[i] = isOutside ? 0 : Math.Abs(d) * ((Math.Abs(v) / 3) + 0.5);
        }

        Assert.True(T.IsNaN(y[0]) && T.IsNaN(dx[0]), "NaN");
        Assert.Equal((T.Zero, T.PositiveInfinity, x[9], T.Zero), (y[1], y[2], y[9], y[10]));
        Assert.Equal((T.Zero, dy[2], dy[9], T.Zero), (dx[1], dx[2], dx[9], dx[10]));
        Range numbers = 3..;
        Compare.WithinBound<T>(exact[numbers], gauge[numbers], y.AsSpan()[numbers], 4, "y");
        Compare.WithinBound<T>(gradient[numbers], gradientGauge[numbers], dx.AsSpan()[numbers], 4, "dx");
    }

    /// <summary>dy (scale - y^2/scale): a product, a quotient, a difference, a product.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TanhGradientIsWithinItsBound(SimdTier tier)
    {
        Tiers.Require(tier);
        T[] y = Data.Make<T>(999, DataKind.Real, 5), dy = Data.Make<T>(999, DataKind.Real, 6), dx = new T[999];
        double[] exact = new double[999], gauge = new double[999];
        double scale = double.CreateTruncating(Scale);
        for (int i = 0; i < y.Length; i++)
        {
            double tanh = double.CreateTruncating(y[i]), gradient = double.CreateTruncating(dy[i]);
            exact[i] = gradient * (scale - (tanh * tanh / scale));
            gauge[i] = Math.Abs(gradient) * (scale + (tanh * tanh / scale));
        }

        SimdConv.Elementwise.TanhGradient<T>(y, dy, dx, Scale, tier.Run());
        Compare.WithinBound<T>(exact, gauge, dx, 3, "dx");
    }

    /// <summary>Scaling costs one more rounding than tanh itself.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ScaledTanhIsTanhTimesScale(SimdTier tier)
    {
        Tiers.Require(tier);
        T[] x = Data.Make<T>(999, DataKind.Real, 7), plain = new T[999], scaled = new T[999];
        SimdConv.Elementwise.Tanh<T>(x, plain, T.One, tier.Run());
        SimdConv.Elementwise.Tanh<T>(x, scaled, Scale, tier.Run());
        for (int i = 0; i < x.Length; i++)
        {
            T ulp = T.BitIncrement(T.Abs(scaled[i])) - T.Abs(scaled[i]);
            Assert.True(T.Abs(scaled[i] - (Scale * plain[i])) <= ulp + ulp, $"element {i}");
        }
    }

    /// <summary>The same element gives the same bits in every tier that fuses.</summary>
    [SkippableFact]
    public void TiersThatFuseAgree()
    {
        SimdTier[] tiers = [.. SimdSupport.Available.Where(SimdSupport.Fuses)];
        Skip.If(tiers.Length < 2, $"only {tiers.Length} of this process's tiers fuse");
        T[] x = Specials(20_000, 8), second = Data.Make<T>(x.Length, DataKind.Real, 9);
        foreach ((string name, Operation run) in AllOperations())
        {
            T[] expected = new T[x.Length];
            run(x, second, expected, tiers[0].Run());
            foreach (SimdTier tier in tiers[1..])
            {
                T[] actual = new T[x.Length];
                run(x, second, actual, tier.Run());
                Compare.Equal<T>(expected, actual, $"{name} in {tier} and {tiers[0]}");
            }
        }
    }

    /// <summary>
    /// Any length, alignment and number of threads, and the output in place of an input: the same bits, and no other element is
    /// written.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void LengthPlaceThreadsAndAliasingDoNotMatter(SimdTier tier)
    {
        Tiers.Require(tier);
        T[] x = Specials(70_000, 10), second = Data.Make<T>(x.Length, DataKind.Real, 11),
            canaries = Data.Filled(4, Data.Canary<T>());
        foreach ((string name, Operation run) in AllOperations())
        {
            T[] whole = new T[x.Length];
            run(x, second, whole, tier.Run());
            foreach (int threads in (int[])[2, 3, 7])
            {
                T[] threaded = new T[x.Length];
                run(x, second, threaded, tier.Run(threads));
                Compare.Equal<T>(whole, threaded, $"{name} on {threads} threads");
            }

            for (int length = 0; length < 70; length++)
            {
                T[] part = [.. x[length..(2 * length)], .. canaries];
                run(part.AsSpan(0, length), second.AsSpan(length, length), part.AsSpan(0, length), tier.Run());
                Compare.Equal<T>(whole.AsSpan(length, length), part.AsSpan(0, length), $"{name} of {length} elements in place");
                Compare.Untouched<T>(canaries, part.AsSpan(length), $"{name}: memory behind {length} elements");
            }
        }
    }

    private static T[] Specials(int length, int seed)
    {
        T[] x = Data.Make<T>(length, DataKind.Real, seed);
        T[] specials = [T.NaN, T.PositiveInfinity, T.NegativeInfinity, T.Zero, T.NegativeZero, T.Epsilon, T.CreateTruncating(20)];
        for (int i = 0; i < x.Length; i += 13)
            x[i] = specials[i / 13 % specials.Length];
        return x;
    }
}
