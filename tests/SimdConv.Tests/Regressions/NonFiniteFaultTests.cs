using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class NonFiniteFaultFloatTests : NonFiniteFaultTests<float>;

public sealed class NonFiniteFaultDoubleTests : NonFiniteFaultTests<double>;

/// <summary>Padding is zeros that are multiplied like data, and 0 times infinity is NaN.</summary>
public abstract class NonFiniteFaultTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly Conv2DShape Padded = new Conv2DShape(1, 5, 5, 3, 3, 3).WithPadding(1, 1);

    /// <summary>
    /// The tap in the upper left corner lies on padding in the first row and the first column. Scalar tiles gave infinity there,
    /// AVX2's NaN.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void AnInfiniteWeightOverPaddingGivesNaN(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DPlan<T> plan = new(Padded);
        T[] x = Data.Filled(25, T.One), w = Data.Filled(27, T.One), y = new T[75];
        w[9] = T.PositiveInfinity;
        plan.Forward(1, x, w, y, default, tier.Run());
        RequireNaN(y, (k, p, q) => k == 1 && (p == 0 || q == 0), "unpacked weights");
        Assert.All(Enumerable.Range(0, 25).Where(i => i / 5 > 0 && i % 5 > 0), i => Assert.Equal(T.PositiveInfinity, y[25 + i]));
        plan.Forward(1, x, plan.Pack(w, FilterUse.Forward, tier), y, default, tier.Run());
        RequireNaN(y, (k, p, q) => k == 1 && (p == 0 || q == 0), "packed weights");
    }

    /// <summary>A filter knows what it holds now, not what it once held.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void RepackedWeightsAreJudgedAnew(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DPlan<T> plan = new(Padded);
        T[] x = Data.Filled(25, T.One), w = Data.Filled(27, T.One), y = new T[75];
        PackedFilter<T> filter = plan.Pack(w, FilterUse.Both, tier);
        w[9] = T.NaN;
        plan.Repack(w, filter);
        w[9] = T.One;
        w[26] = T.NegativeInfinity;
        plan.Repack(w, filter);
        plan.Forward(1, x, filter, y, default, tier.Run());
        RequireNaN(y, (k, p, q) => k == 2 && (p == 4 || q == 4), "another weight");
        w[26] = T.One;
        plan.Repack(w, filter);
        plan.Forward(1, x, filter, y, default, tier.Run());
        RequireNaN(y, (k, p, q) => false, "finite again");
    }

    /// <summary>Activations that are finite at infinity don't hide the weight, nor does a residual.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void NoEpilogueHidesAnInfiniteWeightOverPadding(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DPlan<T> plan = new(Padded);
        T[] x = Data.Filled(25, T.One), w = Data.Filled(27, T.One), residual = Data.Filled(75, T.One), y = new T[75];
        w[9] = T.NegativeInfinity;
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            Epilogue<T> epilogue = new() { Activation = activation, Residual = residual };
            plan.Forward(1, x, w, y, epilogue, tier.Run());
            RequireNaN(y, (k, p, q) => k == 1 && (p == 0 || q == 0), $"{activation}, unpacked weights");
            plan.Forward(1, x, plan.Pack(w, FilterUse.Forward, tier), y, epilogue, tier.Run());
            RequireNaN(y, (k, p, q) => k == 1 && (p == 0 || q == 0), $"{activation}, packed weights");
        }
    }

    /// <summary>
    /// No pixel of dx meets tap (0, 0) but those of one phase; of these the last ones meet it under a window that isn't there.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void InputGradientHasZerosAroundDY(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DShape shape = new(2, 7, 7, 3, 3, 3) { StrideH = 2, StrideW = 2 };
        Conv2DPlan<T> plan = new(shape);
        T[] dy = Data.Filled(27, T.One), w = Data.Filled(54, T.One), dx = new T[98];
        w[9] = T.NaN;
        w[9 + 18] = T.PositiveInfinity;
        w[18] = T.PositiveInfinity;

        // Channel 1, from the first two filters, and channel 0 from the second: tap (0, 0) meets even rows and columns, the last
        // row under window 3 of 0 to 2.
        bool Meets(int p, int q) => p % 2 == 0 && q % 2 == 0;
        foreach (bool isPacked in (bool[])[false, true])
        {
            if (isPacked)
                plan.InputGradient(1, dy, plan.Pack(w, FilterUse.InputGradient, tier), dx, default, tier.Run());
            else
                plan.InputGradient(1, dy, w, dx, default, tier.Run());
            string weights = isPacked ? "packed weights" : "unpacked weights";
            RequireNaN(dx, (c, p, q) => Meets(p, q) && (c == 1 || p == 6 || q == 6), weights, 7);
        }
    }

    /// <summary>The first row of dY has the first row of taps on padding.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void WeightGradientMultipliesPaddingByDY(SimdTier tier)
    {
        Tiers.Require(tier);
        Conv2DPlan<T> plan = new(Padded);
        T[] x = Data.Filled(25, T.One), dy = Data.Filled(75, T.One), dw = new T[27], db = new T[3];
        dy[25 + 2] = T.PositiveInfinity;
        plan.WeightGradient(1, x, dy, dw, db, default, tier.Run());
        RequireNaN(dw, (k, r, s) => k == 1 && r == 0, "dw", 3);
        Assert.Equal(T.PositiveInfinity, db[1]);
    }

    /// <summary>y of a transposed convolution is the input gradient of a convolution, so its rule is that one's.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void TransposedConvolutionHasZerosAroundX(SimdTier tier)
    {
        Tiers.Require(tier);
        ConvTranspose2DPlan<T> plan = new(new(1, 4, 4, 2, 3, 3));
        T[] x = Data.Filled(16, T.One), w = Data.Filled(18, T.One), y = new T[72];
        w[9] = T.PositiveInfinity;
        foreach (Activation activation in (Activation[])[Activation.None, Activation.Relu6])
        {
            plan.Forward(1, x, w, y, new() { Activation = activation }, tier.Run());
            RequireNaN(y, (k, p, q) => k == 1 && (p > 3 || q > 3), $"{activation}", 6);
        }
    }

    /// <summary>Layers of several threads, strips and images, dense and depthwise.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void LargeLayersFollowTheSameRule(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach ((int c, int groups, int size) in ((int, int, int)[])[(48, 1, 29), (96, 96, 29), (200, 1, 7)])
        {
            Conv2DShape shape = new Conv2DShape(c, size, size, c, 3, 3) { Groups = groups }.WithPadding(1, 1);
            Conv2DPlan<T> plan = new(shape);
            T[] x = Data.Filled(2 * c * size * size, T.One), w = Data.Filled(shape.WeightCount, T.Zero), y = new T[x.Length];
            w[^2] = T.NegativeInfinity;
            plan.Forward(2, x, w, y, default, tier.Run(4));
            RequireNaN(y, (k, p, q) => k % c == c - 1 && p == size - 1, $"y of {shape}", size);
            plan.InputGradient(2, x, w, y, default, tier.Run(4));
            RequireNaN(y, (k, p, q) => k % c == c - 1 && p == 0, $"dx of {shape}", size);
        }
    }

    private static void RequireNaN(T[] values, Func<int, int, int, bool> isNaN, string what, int size = 5)
    {
        for (int i = 0; i < values.Length; i++)
            Assert.True(T.IsNaN(values[i]) == isNaN(i / (size * size), i / size % size, i % size),
                $"{what}: element {i} is {values[i]}");
    }
}
