using System.Numerics;
using SimdConv.Reference;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

/// <summary>What holds of every convolution, one case and one direction at a time.</summary>
internal static class ConvProperties<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] ThreadCounts = [0, 2, 3, 7];

    public static double MatchesReference(SimdTier tier, ConvDirection direction, ConvCase c)
    {
        ConvRun<T> run = new(c);
        Conv2DShape s = c.Shape;
        double beta = double.CreateTruncating(run.Beta);
        double[] x = Data.Widen<T>(run.X), dy = Data.Widen<T>(run.Dy), w = Data.Widen<T>(run.W), bias = Data.Widen<T>(run.Bias);
        switch (direction)
        {
            case ConvDirection.Forward:
                double[] y = new double[dy.Length], yGauge = new double[dy.Length];
                ReferenceConv2D.Forward<double>(s, c.Batch, x, w, bias, y);
                ReferenceConv2D.Forward<double>(s, c.Batch, Data.Absolute(x), Data.Absolute(w), Data.Absolute(bias), yGauge);
                return Check(c, y, yGauge, run.Forward(tier.Run()), s.Taps, "y");

            case ConvDirection.InputGradient:
                double[] dx = Data.Widen<T>(run.DxBefore), dxGauge = Data.Absolute(dx);
                ReferenceConv2D.InputGradient<double>(s, c.Batch, dy, w, dx, beta);
                ReferenceConv2D.InputGradient<double>(s, c.Batch, Data.Absolute(dy), Data.Absolute(w), dxGauge, beta);
                return Check(c, dx, dxGauge, run.InputGradient(tier.Run()), s.K / s.Groups * s.R * s.S, "dx");

            default:
                double[] dw = Data.Widen<T>(run.DwBefore), db = Data.Widen<T>(run.DbBefore), dwGauge = Data.Absolute(dw),
                    dbGauge = Data.Absolute(db);
                ReferenceConv2D.WeightGradient<double>(s, c.Batch, x, dy, dw, db, beta);
                ReferenceConv2D.WeightGradient<double>(s, c.Batch, Data.Absolute(x), Data.Absolute(dy), dwGauge, dbGauge, beta);
                (T[] weights, T[] biases) = run.WeightGradient(tier.Run());
                long terms = (long)c.Batch * s.P * s.Q;
                double worst = Check(c, dw, dwGauge, weights, terms, "dw");
                if (!c.Bias)
                    return worst;
                worst = Math.Max(worst, Check(c, db, dbGauge, biases, terms, "db"));
                return Math.Max(worst, Check(c, db, dbGauge, run.BiasGradient(tier.Run()), terms, "db alone"));
        }
    }

    /// <summary>Integers are exact in any order: their sums stay far below 2^24.</summary>
    private static double Check(ConvCase c, double[] exact, double[] gauge, T[] actual, long terms, string what)
    {
        if (c.Data == DataKind.Integers && c.Beta is 0 or 1)
            Compare.Equal<double>(exact, Data.Widen<T>(actual), what + " of integers");
        return Compare.WithinBound<T>(exact, gauge, actual, terms, what);
    }

    public static void EqualsChain(SimdTier tier, ConvDirection direction, ConvCase c)
    {
        ConvRun<T> run = new(c);
        T[] chain = Chain(run, direction);
        Compare.Equal<T>(chain, Execute(run, direction, tier.Run()), $"{direction}, sums in {run.Plan.ReductionOrder(c.Batch)}");
        if (direction == ConvDirection.WeightGradient && c.Bias)
            Compare.Equal<T>(chain.AsSpan(run.W.Length), run.BiasGradient(tier.Run()), "db alone");
    }

    /// <summary>
    /// What <see cref="Execute"/> must give in a tier that fuses: sums in the order that the numeric contract promises.
    /// </summary>
    public static T[] Chain(ConvRun<T> run, ConvDirection direction)
    {
        (Conv2DShape s, int batch) = (run.Case.Shape, run.Case.Batch);
        switch (direction)
        {
            case ConvDirection.Forward:
                return ConvChain.Forward(s, batch, run.X, run.W, run.Bias);
            case ConvDirection.InputGradient:
                return ConvChain.InputGradient(s, batch, run.Dy, run.W, run.DxBefore, run.Beta);
            default:
                ReductionOrder order = run.Plan.ReductionOrder(batch);
                T[] weights = ConvChain.WeightGradient(s, batch, run.X, run.Dy, run.DwBefore, run.Beta, order);
                return run.Case.Bias
                    ? [.. weights, .. ConvChain.BiasGradient(s, batch, run.Dy, run.DbBefore, run.Beta, order)]
                    : weights;
        }
    }

    public static void SameOnAnyThreads(SimdTier tier, ConvDirection direction, ConvCase c)
    {
        ConvRun<T> run = new(c);
        T[] expected = Execute(run, direction, tier.Run());
        foreach (int threads in ThreadCounts)
            Compare.Equal<T>(expected, Execute(run, direction, tier.Run(threads)), $"{direction} on {threads} threads");
    }

    /// <summary>Image n of a batch comes out as it does alone. (Weight gradients sum over the batch.)</summary>
    public static void SameAtAnyBatch(SimdTier tier, ConvDirection direction, ConvCase c)
    {
        ConvRun<T> run = new(c);
        T[] all = Execute(run, direction, tier.Run());
        for (int n = 0; n < c.Batch; n++)
        {
            T[] alone = Execute(run.Alone(n), direction, tier.Run());
            Compare.Equal<T>(all.AsSpan(n * alone.Length, alone.Length), alone, $"{direction}: image {n} of {c.Batch} alone");
        }
    }

    /// <summary>Residual and activation are element-wise operations applied to the sum, bit for bit, in the same tier.</summary>
    public static void EpilogueFollowsTheSum(SimdTier tier, ConvCase c) => EpilogueFollowsTheSum(c, tier.Run(1 + (c.Seed % 3)));

    public static void EpilogueFollowsTheSum(ConvCase c, Execution execution)
    {
        ConvRun<T> run = new(c);
        T scale = T.CreateTruncating(1.7159), slope = T.CreateTruncating(0.01);
        T[] sums = run.Forward(execution), expected = new T[sums.Length];
        SimdConv.Elementwise.LeakyRelu<T>(sums, expected, slope, execution);
        for (int i = 0; i < sums.Length; i++)
            expected[i] += run.Residual[i];
        Compare.Equal<T>(expected, run.Forward(execution, Activation.LeakyRelu, null, withResidual: true, addsLast: true),
            "the residual after leaky ReLU");
        foreach (bool withResidual in (bool[])[false, true])
        {
            for (int i = 0; i < sums.Length && withResidual; i++)
                sums[i] += run.Residual[i];
            Compare.Equal<T>(sums, run.Forward(execution, withResidual: withResidual), "no activation");
            SimdConv.Elementwise.Relu<T>(sums, expected, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.Relu, null, withResidual), "ReLU");
            SimdConv.Elementwise.Relu6<T>(sums, expected, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.Relu6, null, withResidual), "ReLU6");
            SimdConv.Elementwise.LeakyRelu<T>(sums, expected, slope, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.LeakyRelu, null, withResidual), "leaky ReLU");
            SimdConv.Elementwise.LeakyRelu<T>(sums, expected, -scale, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.LeakyRelu, -scale, withResidual),
                "leaky ReLU of another slope");
            SimdConv.Elementwise.HardSwish<T>(sums, expected, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.HardSwish, null, withResidual), "hard swish");
            SimdConv.Elementwise.Tanh<T>(sums, expected, scale, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.Tanh, scale, withResidual), "scaled tanh");
            SimdConv.Elementwise.Tanh<T>(sums, expected, T.One, execution);
            Compare.Equal<T>(expected, run.Forward(execution, Activation.Tanh, null, withResidual), "tanh");

            // Two of the others for each case, which share all of the way but the function.
            Activation[] others = [.. Enum.GetValues<Activation>().Where(a => a > Activation.HardSwish)];
            foreach (int i in (int[])[c.Seed, c.Seed / 7])
            {
                Activation activation = others[(i & int.MaxValue) % others.Length];
                SimdConv.Elementwise.Activate<T>(activation, sums, expected, -slope, null, execution);
                Compare.Equal<T>(expected, run.Forward(execution, activation, -slope, withResidual), $"{activation}");
            }
        }
    }

    public static T[] Execute(ConvRun<T> run, ConvDirection direction, Execution execution)
    {
        switch (direction)
        {
            case ConvDirection.Forward:
                return run.Forward(execution);
            case ConvDirection.InputGradient:
                return run.InputGradient(execution);
            default:
                (T[] weights, T[] bias) = run.WeightGradient(execution);
                return [.. weights, .. bias];
        }
    }
}
