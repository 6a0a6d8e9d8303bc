using System.Numerics;
using SimdConv.Cli.Training;
using SimdConv.Reference;

namespace SimdConv.Cli.Verification;

/// <summary>
/// A transposed convolution in every direction, against the plain loops of the convolution that it is the transpose of.
/// </summary>
internal sealed record TransposedChecks(int Batch, ConvTranspose2DShape Shape) : ICheckable
{
    private const int Drawn = 30;

    private const long MaxDrawnWork = 200_000;

    public static IEnumerable<ICheckable> BuiltIn()
    {
        ConvTranspose2DShape gan = new(32, 4, 4, 16, 4, 4) { StrideH = 2, StrideW = 2 };
        yield return new TransposedChecks(1, gan.WithPadding(1, 1)); // DCGAN
        yield return new TransposedChecks(1, new(32, 9, 9, 16, 2, 2) { StrideH = 2, StrideW = 2 }); // U-Net
        ConvTranspose2DShape same = new(16, 7, 6, 24, 3, 3) { StrideH = 2, StrideW = 2, OutputPaddingH = 1, OutputPaddingW = 1 };
        yield return new TransposedChecks(2, same.WithPadding(1, 1)); // twice the size
        yield return new TransposedChecks(1, new(8, 1, 50, 4, 1, 16) { StrideW = 8, PadLeft = 4, PadRight = 4 }); // sound
        yield return new TransposedChecks(2, new(5, 1, 1, 7, 4, 4)); // from a vector
        yield return new TransposedChecks(0, new(2, 3, 3, 2, 3, 3));
        Random64 random = new(4);
        for (int drawn = 0; drawn < Drawn;)
        {
            TransposedChecks checks = Draw(random);
            ConvTranspose2DShape s = checks.Shape;
            if (s.P < 1 || s.Q < 1 || (long)checks.Batch * s.C * s.H * s.W * (s.K / s.Groups) * s.R * s.S > MaxDrawnWork)
                continue;
            drawn++;
            yield return checks;
        }
    }

    public override string ToString()
    {
        ConvTranspose2DShape s = Shape;
        return $"transposed,n={Batch},c={s.C},h={s.H},w={s.W},k={s.K},r={s.R},s={s.S},stride={s.StrideH}x{s.StrideW},"
            + $"pad={s.PadTop}x{s.PadLeft}x{s.PadBottom}x{s.PadRight},dilation={s.DilationH}x{s.DilationW},groups={s.Groups},"
            + $"output_padding={s.OutputPaddingH}x{s.OutputPaddingW}";
    }

    public void Check<T>(Checker<T> checker)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ConvTranspose2DShape s = Shape;
        int p = Size(s.H, s.R, s.StrideH, s.PadTop + s.PadBottom, s.DilationH, s.OutputPaddingH);
        int q = Size(s.W, s.S, s.StrideW, s.PadLeft + s.PadRight, s.DilationW, s.OutputPaddingW);
        Conv2DShape conv = new(s.K, p, q, s.C, s.R, s.S)
        {
            StrideH = s.StrideH,
            StrideW = s.StrideW,
            PadTop = s.PadTop,
            PadLeft = s.PadLeft,
            PadBottom = s.PadBottom,
            PadRight = s.PadRight,
            DilationH = s.DilationH,
            DilationW = s.DilationW,
            Groups = s.Groups,
        };
        T[] x = checker.Data(Batch * s.C * s.H * s.W), w = checker.Data(s.C * (s.K / s.Groups) * s.R * s.S);
        T[] bias = checker.Data(s.K), dy = checker.Data(Batch * s.K * p * q);
        T[] sizesX = Checker<T>.Sizes(x), sizesW = Checker<T>.Sizes(w), sizesDy = Checker<T>.Sizes(dy);

        // Where the sums begin, so that they are rounded once.
        T[] y = [.. Enumerable.Range(0, dy.Length).Select(i => bias[i / (p * q) % s.K])], gaugeY = Checker<T>.Sizes(y);
        ReferenceConv2D.InputGradient<T>(conv, Batch, x, w, y, T.One);
        ReferenceConv2D.InputGradient<T>(conv, Batch, sizesX, sizesW, gaugeY, T.One);
        T[] dx = new T[x.Length], gaugeX = new T[x.Length], dw = new T[w.Length], gaugeW = new T[w.Length];
        ReferenceConv2D.Forward<T>(conv, Batch, dy, w, [], dx);
        ReferenceConv2D.Forward<T>(conv, Batch, sizesDy, sizesW, [], gaugeX);
        ReferenceConv2D.WeightGradient<T>(conv, Batch, dy, x, dw);
        ReferenceConv2D.WeightGradient<T>(conv, Batch, sizesDy, sizesX, gaugeW);
        (T[] db, T[] gaugeB) = (BiasSums(dy), BiasSums(sizesDy));

        foreach (bool inImages in CheckedImages<T>.BothLayouts)
        {
            CheckedImages<T> input = new(Batch, s.C, s.H, s.W, inImages), output = new(Batch, s.K, p, q, inImages);
            ConvTranspose2DPlan<T> plan = new(s, input.Layout, output.Layout);
            Func<Execution, PackedFilter<T>> filter = checker.ForEachTier(tier => plan.Pack(w, FilterUse.Both, tier));
            checker.CheckSums(Name(""), y, gaugeY, (long)s.C / s.Groups * s.R * s.S, (result, execution) =>
                output.Fill(result, execution, (y, execution) => plan.Forward(
                    Batch, input.To(x, execution), filter(execution), y, new Epilogue<T> { Bias = bias }, execution)));
            checker.CheckSums(Name("-input-gradient"), dx, gaugeX, (long)s.K / s.Groups * s.R * s.S, (result, execution) =>
                input.Fill(result, execution, (dx, execution) =>
                    plan.InputGradient(Batch, output.To(dy, execution), filter(execution), dx, execution: execution)));
            checker.CheckSums(Name("-weight-gradient"), dw, gaugeW, (long)Batch * s.H * s.W, (result, execution) =>
                plan.WeightGradient(Batch, input.To(x, execution), output.To(dy, execution), result, execution: execution));
            checker.CheckSums(Name("-bias-gradient"), db, gaugeB, (long)Batch * p * q, (result, execution) =>
                plan.BiasGradient(Batch, output.To(dy, execution), result, execution: execution));

            string Name(string direction) => CheckedImages<T>.NameOf("transposed" + direction, inImages);
        }

        T[] BiasSums(T[] gradients)
        {
            Precise[] sums = new Precise[s.K];
            for (int i = 0; i < gradients.Length; i++)
                sums[i / (p * q) % s.K].Add(double.CreateTruncating(gradients[i]));
            return Array.ConvertAll(sums, sum => T.CreateTruncating(sum.Value));
        }
    }

    private static int Size(int size, int kernel, int stride, int pad, int dilation, int outputPadding) =>
        ((size - 1) * stride) - pad + (dilation * (kernel - 1)) + outputPadding + 1;

    private static TransposedChecks Draw(Random64 random)
    {
        int groups = random.Next(3) == 0 ? 1 + random.Next(4) : 1, strideH = 1 + random.Next(3), strideW = 1 + random.Next(3);
        int r = 1 + random.Next(5), s = 1 + random.Next(5);
        return new TransposedChecks(1 + random.Next(3),
            new(groups * (1 + random.Next(12)), 1 + random.Next(9), 1 + random.Next(17), groups * (1 + random.Next(20)), r, s)
            {
                StrideH = strideH,
                StrideW = strideW,
                PadTop = random.Next((r / 2) + 1),
                PadLeft = random.Next((s / 2) + 1),
                PadBottom = random.Next((r / 2) + 1),
                PadRight = random.Next((s / 2) + 1),
                DilationH = 1 + (random.Next(4) / 3),
                DilationW = 1 + (random.Next(4) / 3),
                OutputPaddingH = random.Next(strideH),
                OutputPaddingW = random.Next(strideW),
                Groups = groups,
            });
    }
}
