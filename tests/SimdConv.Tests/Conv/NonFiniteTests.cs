using System.Numerics;
using SimdConv.Tests.Exhaustive;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class NonFiniteFloatTests : NonFiniteTests<float>;

public sealed class NonFiniteDoubleTests : NonFiniteTests<double>;

/// <summary>
/// One NaN or infinity among the operands shows in the same elements of the results as in the scalar chain, which multiplies
/// padding like data: whatever tiles skip, in each tier, on any number of threads, with packed weights and without.
/// </summary>
public abstract class NonFiniteTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly T[] Values = [T.NaN, T.PositiveInfinity, T.NegativeInfinity];

    private static readonly (int Groups, int C, int K)[] ChannelCounts =
        [
            (1, 1, 1), (1, 1, 3), (1, 3, 1), (1, 4, 5), (1, 16, 16), (1, 2, 33), (1, 20, 12), (2, 2, 2), (2, 3, 4), (3, 1, 1),
            (17, 1, 1), (5, 1, 2), (2, 1, 3),
        ];

    /// <summary>
    /// Small heights with every padding, stride and dilation, and a width drawn for each: in the long run all of them in each
    /// tier, else a share of its own.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void SmallGeometries(SimdTier tier)
    {
        Tiers.Require(tier);
        Axis[] axes = Axis.All;
        for (int i = Effort.IsLong ? 0 : (int)tier; i < axes.Length; i += Effort.IsLong ? 1 : 5)
        {
            int seed = HashCode(i);
            Axis h = axes[(i + (seed % 3)) % axes.Length], w = axes[seed / 3 % axes.Length];
            (int groups, int c, int k) = ChannelCounts[seed % ChannelCounts.Length];
            Conv2DShape shape = new(groups * c, h.Size, w.Size, groups * k, h.Kernel, w.Kernel)
            {
                Groups = groups,
                StrideH = h.Stride,
                StrideW = w.Stride,
                DilationH = h.Dilation,
                DilationW = w.Dilation,
                PadTop = h.Before,
                PadBottom = h.After,
                PadLeft = w.Before,
                PadRight = w.After,
            };
            Check(tier,
                new(shape, 1 + (seed % 2), LayoutKind.Nchw, LayoutKind.Nchw, true, seed % 4 == 0 ? 0.7 : 0, seed % 5 < 2,
                    DataKind.Real, seed));
        }
    }

    /// <summary>Larger ones, in every layout.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GeneratedConvolutions(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 150, c =>
        {
            if (c.Batch > 0)
                Check(tier, c with { Data = DataKind.Real });
        });
    }

    /// <summary>The weights, mostly: the others have the same chains whatever they hold.</summary>
    private static void Check(SimdTier tier, ConvCase c)
    {
        ConvRun<T> run = new(c);
        T[] operand = (c.Seed / 7 % 8) switch { 0 => run.X, 1 or 2 => run.Dy, 3 when c.Bias => run.Bias, _ => run.W };
        run.Replace(operand, (int)(Data.Mix(c.Seed, 1) % (ulong)operand.Length), Values[c.Seed % 3]);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            T[] chain = Kinds(tier, ConvProperties<T>.Chain(run, direction));
            foreach (int threads in (int[])[1, 3])
                Compare.Equal<T>(chain, Kinds(tier, ConvProperties<T>.Execute(run, direction, tier.Run(threads))),
                    $"{direction} of {c} on {threads} threads");
        }

        // Every activation keeps NaN; ReLU gives 0 for -infinity, and others more.
        T[] y = ConvProperties<T>.Chain(run, ConvDirection.Forward);
        for (int i = 0; i < y.Length; i++)
            y[i] = T.IsNaN(y[i] + run.Residual[i]) ? T.NaN : T.Max(y[i] + run.Residual[i], T.Zero);
        Compare.Equal<T>(
            Kinds(tier, y), Kinds(tier, run.Forward(tier.Run(), Activation.Relu, withResidual: true)), $"ReLU of {c}");
    }

    /// <summary>Tiers that don't fuse round finite sums otherwise.</summary>
    private static T[] Kinds(SimdTier tier, T[] values) =>
        SimdSupport.Fuses(tier) ? values : [.. values.Select(value => T.IsFinite(value) ? T.Zero : value)];

    private static int HashCode(int i) => (int)(Data.Mix(3, i) % int.MaxValue);
}
