using System.Numerics;
using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Elementwise;

public sealed class TanhTests(ITestOutputHelper output)
{
    private const double LargestError = 4;

    /// <summary>Every 1021st bit pattern of a float: all exponents, both signs, subnormals, infinities and NaN.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void FloatIsWithin4UlpsOfTanh(SimdTier tier)
    {
        Tiers.Require(tier);
        const int Step = 1021, Block = 1 << 16;
        float[] x = new float[Block], y = new float[Block];
        double worst = 0;
        for (long first = 0; first < 1L << 32; first += (long)Step * Block)
        {
            for (int i = 0; i < Block; i++)
                x[i] = BitConverter.UInt32BitsToSingle((uint)Math.Min(first + ((long)Step * i), uint.MaxValue));
            SimdConv.Elementwise.Tanh<float>(x, y, 1, tier.Run());
            for (int i = 0; i < Block; i++)
                worst = Math.Max(worst, ErrorInUlps(x[i], y[i]));
        }

        output.WriteLine($"Worst error: {worst:F3} ulp");
        Assert.True(worst <= LargestError, $"{worst} ulp");
    }

    /// <summary>Every float of some binades in which formulas meet or cancel.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void FloatIsWithin4UlpsOfTanhWhereItBends(SimdTier tier)
    {
        Tiers.Require(tier);
        uint first = BitConverter.SingleToUInt32Bits(1 / 16f), last = BitConverter.SingleToUInt32Bits(16f);
        float[] x = new float[((last - first) / 13) + 1], y = new float[x.Length];
        for (int i = 0; i < x.Length; i++)
            x[i] = BitConverter.UInt32BitsToSingle(first + (uint)(13 * i));
        SimdConv.Elementwise.Tanh<float>(x, y, 1, tier.Run());
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
            worst = Math.Max(worst, ErrorInUlps(x[i], y[i]));
        output.WriteLine($"Worst error: {worst:F3} ulp");
        Assert.True(worst <= LargestError, $"{worst} ulp");
    }

    /// <summary>Against 300 binary places: arguments spread over the exponents, dense where tanh bends.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void DoubleIsWithin4UlpsOfTanh(SimdTier tier)
    {
        Tiers.Require(tier);
        double[] x = [.. Enumerable.Range(0, 20_000).Select(Argument)], y = new double[x.Length];
        SimdConv.Elementwise.Tanh<double>(x, y, 1, tier.Run());
        double worst = 0;
        for (int i = 0; i < x.Length; i++)
        {
            Assert.True(Math.Abs(y[i]) <= 1, $"tanh({x[i]:R}) = {y[i]:R}");
            worst = Math.Max(worst, ExactTanh.ErrorInUlps(x[i], y[i]));
        }

        output.WriteLine($"Worst error: {worst:F3} ulp");
        Assert.True(worst <= LargestError, $"{worst} ulp");
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SpecialValues(SimdTier tier)
    {
        Tiers.Require(tier);
        CheckSpecials<float>(tier);
        CheckSpecials<double>(tier);
    }

    /// <summary>The oracle itself, against values known to 17 digits.</summary>
    [Theory]
    [InlineData(0.5, 0.46211715726000979)]
    [InlineData(1.0, 0.76159415595576485)]
    [InlineData(-3.0, -0.99505475368673046)]
    [InlineData(1e-3, 0.00099999966666680002)]
    public void OracleKnowsTanh(double x, double tanh)
    {
        Assert.True(ExactTanh.ErrorInUlps(x, tanh) < 1);
        Assert.True(ExactTanh.ErrorInUlps(x, tanh * (1 + 2e-15)) > 4);
    }

    private static void CheckSpecials<T>(SimdTier tier) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T huge = T.CreateTruncating(1e30), tiny = T.Epsilon;
        T[] x = [T.NaN, T.PositiveInfinity, T.NegativeInfinity, T.Zero, T.NegativeZero, huge, -huge, tiny, -tiny];
        T[] expected = [T.NaN, T.One, -T.One, T.Zero, T.Zero, T.One, -T.One, tiny, -tiny];
        for (int lead = 0; lead < 20; lead++)
        {
            T[] input = [.. new T[lead], .. x], y = new T[input.Length];
            SimdConv.Elementwise.Tanh<T>(input, y, T.One, tier.Run());
            Compare.Equal<T>(expected, y.AsSpan(lead), $"tanh after {lead} others");
        }
    }

    private static double Argument(int i)
    {
        double unit = (Data.Mix(7, i) >> 11) * Math.ScaleB(1, -53), sign = i % 2 == 0 ? 1 : -1;
        return sign * (i % 4) switch
        {
            0 => unit * 22,
            1 => unit,
            2 => Math.ScaleB(1 + unit, -(i % 64)),
            _ => Math.ScaleB(1 + unit, -(i % 1074)),
        };
    }

    private static double ErrorInUlps(float x, float value)
    {
        if (float.IsNaN(x))
            return float.IsNaN(value) ? 0 : double.PositiveInfinity;
        // Math.Tanh is good to about one unit of a double's last place: nothing beside a float's.
        double exact = Math.Tanh(x);
        float nearest = Math.Abs((float)exact);
        double ulp = nearest >= 1 ? Math.ScaleB(1, -24) : (double)MathF.BitIncrement(nearest) - nearest;
        double error = Math.Abs(value - exact) / ulp;
        return Math.Abs(value) <= 1 && !double.IsNaN(error) ? error : double.PositiveInfinity;
    }
}
