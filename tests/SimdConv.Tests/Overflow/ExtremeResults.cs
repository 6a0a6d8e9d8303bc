using System.Numerics;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Im2Col;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Overflow;

/// <summary>What shapes near the limits compute, against the reference.</summary>
internal static class ExtremeResults<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Check(SimdTier tier, Action<string, Func<string>, Action> test)
    {
        int seed = 0;
        foreach (Conv2DShape shape in ExtremeShapes.Convolutions())
        {
            if (!IsValid(shape.Validate, test, () => $"{shape}"))
                continue;
            LayoutKind[] layouts = [LayoutKind.Nchw, LayoutKind.Nhwc, LayoutKind.View];
            ConvCase c = new(shape, 2, layouts[seed % 3], layouts[seed / 3 % 3], Bias: seed % 2 == 0, Beta: seed / 2 % 2,
                Packed: seed / 4 % 2 == 1, DataKind.Integers, seed++);
            foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
                test($"{direction}, {tier}", () => $"{direction} of {c} in {tier}",
                    () => ConvProperties<T>.MatchesReference(tier, direction, c));
            test($"im2col, {tier}", () => $"im2col of {c} in {tier}", () => Im2ColProperties<T>.Unfold(tier, c));
            test($"col2im, {tier}", () => $"col2im of {c} in {tier}", () => Im2ColProperties<T>.Fold(tier, c));
        }

        foreach (Pool2DShape shape in ExtremeShapes.Pools())
        {
            foreach (PoolKind kind in Enum.GetValues<PoolKind>())
            {
                if (!IsValid(() => shape.Validate(kind), test, () => $"{kind} {shape}"))
                    continue;
                PoolCase c = new(shape, kind, 2, LayoutKind.Nchw, seed++ % 2 == 0 ? LayoutKind.Nchw : LayoutKind.Nhwc,
                    DataKind.Integers, seed);
                test($"pool, {tier}", () => $"pooling of {c} in {tier}", () => PoolProperties<T>.Forward(tier, c));
                test($"pool backward, {tier}", () => $"gradient of the pooling of {c} in {tier}",
                    () => PoolProperties<T>.Backward(tier, c));
            }
        }

        foreach (ConvTranspose2DShape shape in ExtremeShapes.Transposed())
        {
            if (IsValid(shape.Validate, test, () => $"{shape}"))
                test($"transposed, {tier}", () => $"{shape} in {tier}", () => Transposed(tier, shape));
        }
    }

    /// <summary>Every input pixel added to its window of the output: the definition.</summary>
    private static void Transposed(SimdTier tier, ConvTranspose2DShape s)
    {
        ConvTranspose2DPlan<T> plan = new(s);
        T[] x = Data.Make<T>(plan.InputLength(1), DataKind.Integers, 1), w = Data.Make<T>(s.WeightCount, DataKind.Integers, 2);
        T[] y = Data.Filled(plan.OutputLength(1), T.NaN), expected = new T[y.Length], dw = new T[w.Length],
            expectedDw = new T[w.Length];
        int groupC = s.C / s.Groups, groupK = s.K / s.Groups, taps = groupK * s.R * s.S;
        for (int i = 0; i < x.Length; i++)
        {
            int channel = i / (s.H * s.W), h = i / s.W % s.H, column = i % s.W;
            for (int tap = 0; tap < taps; tap++)
            {
                int k = (channel / groupC * groupK) + (tap / (s.R * s.S));
                long p = ((long)h * s.StrideH) - s.PadTop + (tap / s.S % s.R * (long)s.DilationH),
                    q = ((long)column * s.StrideW) - s.PadLeft + (tap % s.S * (long)s.DilationW);
                if (p < 0 || p >= s.P || q < 0 || q >= s.Q)
                    continue;
                long at = (((k * (long)s.P) + p) * s.Q) + q;
                expected[at] += x[i] * w[(channel * taps) + tap];
                expectedDw[(channel * taps) + tap] += x[i] * T.CreateTruncating(at % 5);
            }
        }

        plan.Forward(1, x, w, y, default, tier.Run());
        Compare.Equal<T>(expected, y, "y");
        T[] dy = [.. Enumerable.Range(0, y.Length).Select(at => T.CreateTruncating(at % 5))];
        plan.WeightGradient(1, x, dy, dw, T.Zero, tier.Run());
        Compare.Equal<T>(expectedDw, dw, "dw");
    }

    private static bool IsValid(Action validate, Action<string, Func<string>, Action> test, Func<string> what)
    {
        bool isValid = false;
        test("shapes", what, () =>
        {
            try
            {
                validate();
                isValid = true;
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw new RefusedException(e);
            }
        });
        return isValid;
    }
}
