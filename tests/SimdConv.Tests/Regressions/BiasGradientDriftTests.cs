using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

public sealed class BiasGradientDriftFloatTests : BiasGradientDriftTests<float>;

public sealed class BiasGradientDriftDoubleTests : BiasGradientDriftTests<double>;

/// <summary>Bias gradients over many pixels: chains of at most 4096 terms, added in a balanced tree.</summary>
public abstract class BiasGradientDriftTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>
    /// Rounding moves the sum of 4096 equal terms by so many units of the last place; a single chain of 2^20 is off by 1 %.
    /// </summary>
    private const int LargestDrift = 1024;

    /// <summary>
    /// Long chains in each of the ways in which a bias gradient is summed: output channels, positions and columns of planes in
    /// lanes.
    /// </summary>
    private static readonly (Conv2DShape Shape, int Batch)[] Long =
    [
        (new(1, 9000, 1, 17, 1, 1), 1),
        (new(1, 1, 10_000, 64, 1, 1), 2),
        (new Conv2DShape(5, 1, 8193, 200, 3, 3).WithPadding(1, 1), 1),
        (new(1, 1, 140_001, 1, 1, 1), 1),
        (new(1, 3, 70_000, 2, 1, 1), 1),
        (new(2, 150, 300, 5, 1, 1), 2),
        (new(5, 9000, 1, 5, 1, 1) { Groups = 5 }, 1),
        (new(8, 7000, 3, 16, 1, 1) { Groups = 8 }, 2),
        (new Conv2DShape(3, 4096, 20, 3, 3, 3) { Groups = 3 }.WithPadding(1, 1), 17),
    ];

    public static TheoryData<SimdTier, int> TiersAndTerms
    {
        get
        {
            TheoryData<SimdTier, int> rows = [];
            foreach (SimdTier tier in Tiers.Each)
            {
                foreach (int log in (int[])[20, 22, 24])
                    rows.Add(tier, log);
            }

            return rows;
        }
    }

    /// <summary>As one image and as a batch, of one output channel and, shorter, of many.</summary>
    [SkippableTheory, MemberData(nameof(TiersAndTerms))]
    public void ManyEqualTermsDoNotDrift(SimdTier tier, int log)
    {
        Tiers.Require(tier);
        Check(new(1, 1 << (log / 2), 1 << (log - (log / 2)), 1, 1, 1), 1);
        Check(new(1, 1 << (log - 12), 1 << 6, 1, 1, 1), 1 << 6);
        Check(new(1, 1 << (log - 4), 1, 16, 1, 1), 1);
        Check(new(16, 1 << (log - 5), 2, 16, 1, 1) { Groups = 16 }, 1);

        void Check(Conv2DShape shape, int batch)
        {
            double term = 0.1, unit = typeof(T) == typeof(float) ? Math.ScaleB(1, -24) : Math.ScaleB(1, -53);
            T[] dy = Data.Filled((long)batch * shape.K * shape.P * shape.Q, T.CreateTruncating(term)), db = new T[shape.K];
            new Conv2DPlan<T>(shape).BiasGradient(batch, dy, db, default, tier.Run(2));
            double exact = double.CreateTruncating(dy[0]) * batch * shape.P * shape.Q;
            Assert.All(db,
                sum => Assert.InRange((double.CreateTruncating(sum) / exact) - 1, -LargestDrift * unit, LargestDrift * unit));
        }
    }

    /// <summary>The published order, alone and along with the weight gradient, from beta * db.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void LongChainsAreSummedInThePublishedOrder(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        foreach ((Conv2DShape shape, int batch) in Long)
        {
            Conv2DPlan<T> plan = new(shape);
            T beta = T.CreateTruncating(0.7);
            T[] x = new T[plan.InputLength(batch)], dy = Data.Make<T>(plan.OutputLength(batch), DataKind.Real, 1),
                before = Data.Make<T>(shape.K, DataKind.Real, 2);
            T[] expected = ConvChain.BiasGradient(shape, batch, dy, before, beta, plan.ReductionOrder(batch));
            foreach (int threads in (int[])[1, 3])
            {
                T[] db = (T[])before.Clone(), dw = new T[shape.WeightCount];
                plan.BiasGradient(batch, dy, db, beta, tier.Run(threads));
                Compare.Equal<T>(expected, db, $"db of {shape}, batch {batch}, {threads} threads");
                before.CopyTo(db, 0);
                plan.WeightGradient(batch, x, dy, dw, db, beta, tier.Run(threads));
                Compare.Equal<T>(expected, db, $"db along with dw of {shape}, batch {batch}, {threads} threads");
            }
        }
    }
}
