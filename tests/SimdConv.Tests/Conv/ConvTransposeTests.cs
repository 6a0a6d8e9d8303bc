using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Conv;

public sealed class ConvTransposeFloatTests : ConvTransposeTests<float>;

public sealed class ConvTransposeDoubleTests : ConvTransposeTests<double>;

/// <summary>
/// Transposed convolutions against their definition, every input pixel added to a window of the output, and against the
/// convolution.
/// </summary>
public abstract class ConvTransposeTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Small integers are exact in any order, so that results are those of the definition, to the bit.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ForwardAddsEveryPixelsWindow(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 150, any =>
        {
            Run run = new(any with { Data = DataKind.Integers }, tier);
            ConvTranspose2DShape s = run.Shape;
            T[] expected = new T[(long)any.Batch * s.K * s.P * s.Q], bias = run.Bias;
            for (int i = 0; i < expected.Length && bias.Length > 0; i++)
                expected[i] = bias[i / (s.P * s.Q) % s.K];
            run.Visit((x, w, y) => expected[y] += run.X[x] * run.W[w]);
            Compare.Equal<T>(expected, run.Forward(), "y");
        });
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void GradientsAreThoseOfTheDefinition(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, ConvCases.Any(), 150, any =>
        {
            Run run = new(any with { Data = DataKind.Integers, Beta = any.Beta == 0 ? 0 : 1, Bias = true }, tier);
            ConvTranspose2DShape s = run.Shape;
            T[] dx = new T[run.X.Length], dw = new T[run.W.Length], db = new T[s.K];
            if (run.Beta != T.Zero)
            {
                run.X.CopyTo(dx, 0);
                run.W.CopyTo(dw, 0);
                run.Bias.CopyTo(db, 0);
            }

            run.Visit((x, w, y) =>
            {
                dx[x] += run.Dy[y] * run.W[w];
                dw[w] += run.Dy[y] * run.X[x];
            });
            for (int i = 0; i < run.Dy.Length; i++)
                db[i / (s.P * s.Q) % s.K] += run.Dy[i];
            Compare.Equal<T>(dx, run.InputGradient(), "dx");
            Compare.Equal<T>(dw, run.WeightGradient(), "dw");
            Compare.Equal<T>(db, run.BiasGradient(), "db");
        });
    }

    /// <summary>With fractions: the chains of the convolution's passes, from the bias, then residual and activation.</summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PassesEqualTheScalarChain(SimdTier tier)
    {
        Tiers.RequireFused(tier);
        Properties.Check(tier, ConvCases.Any(), 100, any =>
        {
            Run run = new(any with { Data = DataKind.Real, Bias = true, Beta = 0 }, tier);
            Conv2DShape s = run.Shape.Convolution;
            T[] start = new T[(long)any.Batch * s.C * s.H * s.W];
            for (int i = 0; i < start.Length; i++)
                start[i] = run.Bias[i / (s.H * s.W) % s.C];
            T[] sums = ConvChain.InputGradient(s, any.Batch, run.X, run.W, start, T.One);
            Compare.Equal<T>(sums, run.Forward(), "y");
            for (int i = 0; i < sums.Length; i++)
                sums[i] = T.Max(sums[i] + run.Dy[i], T.Zero);
            Compare.Equal<T>(sums, run.Forward(Activation.Relu, withResidual: true), "y with residual and ReLU");
            Compare.Equal<T>(ConvChain.Forward(s, any.Batch, run.Dy, run.W, []), run.InputGradient(), "dx");
        });
    }

    /// <summary>torch.nn.ConvTranspose2d's heights for (input, kernel, stride, padding, output padding, dilation).</summary>
    [Theory]
    [InlineData(4, 4, 2, 1, 0, 1, 8)]
    [InlineData(7, 3, 2, 1, 1, 1, 14)]
    [InlineData(7, 3, 2, 1, 0, 1, 13)]
    [InlineData(1, 4, 1, 0, 0, 1, 4)]
    [InlineData(5, 3, 3, 0, 2, 2, 19)]
    [InlineData(10, 1, 1, 0, 0, 1, 10)]
    [InlineData(1, 2, 1, 0, 1, 2, 4)]
    [InlineData(4, 3, 2, 1, 4, 5, 19)]
    public void SizesAreThoseOfPyTorch(
        int size, int kernel, int stride, int padding, int outputPadding, int dilation, int expected)
    {
        ConvTranspose2DShape shape = new ConvTranspose2DShape(2, size, size, 3, kernel, kernel)
        {
            StrideH = stride,
            StrideW = stride,
            OutputPaddingH = outputPadding,
            OutputPaddingW = outputPadding,
            DilationH = dilation,
            DilationW = dilation,
        }.WithPadding(padding, padding);
        shape.Validate();
        Assert.Equal((expected, expected), (shape.P, shape.Q));
        Assert.Equal((size, size), (shape.Convolution.P, shape.Convolution.Q));
    }

    /// <summary>The transpose of a generated convolution, whose unused rows and columns become output padding.</summary>
    private sealed class Run
    {
        private readonly ConvCase c;
        private readonly Execution execution;
        private readonly ConvTranspose2DPlan<T> plan;
        private readonly StridedImage<T> x, dy;

        public Run(ConvCase c, SimdTier tier)
        {
            this.c = c;
            execution = tier.Run(1 + (c.Seed % 3));
            Conv2DShape s = c.Shape;
            ConvTranspose2DShape shape = new(s.K, s.P, s.Q, s.C, s.R, s.S)
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
            Shape = shape with { OutputPaddingH = s.H - shape.P, OutputPaddingW = s.W - shape.Q };
            Assert.Equal(s, Shape.Convolution);
            if (c.Seed % 2 == 1)
            {
                Shape = Shape with
                {
                    OutputPaddingH = LargestOutputPadding(Shape.OutputPaddingH, s.StrideH, s.DilationH),
                    OutputPaddingW = LargestOutputPadding(Shape.OutputPaddingW, s.StrideW, s.DilationW),
                };
                Assert.Equal((s.P, s.Q), (Shape.Convolution.P, Shape.Convolution.Q));
            }

            x = StridedImage<T>.Filled(c.Output, c.Batch, Shape.C, Shape.H, Shape.W, c.Data, c.Seed + 1);
            dy = StridedImage<T>.Filled(c.Input, c.Batch, Shape.K, Shape.P, Shape.Q, c.Data, c.Seed + 2);
            (X, Dy) = (x.Pack(), dy.Pack());
            W = Data.Make<T>(Shape.WeightCount, c.Data, c.Seed + 3);
            Bias = c.Bias ? Data.Make<T>(Shape.K, c.Data, c.Seed + 4) : [];
            Beta = T.CreateTruncating(c.Beta);
            plan = new(Shape, x.Layout, dy.Layout);
            Assert.Equal((x.Data.Length, dy.Data.Length), (plan.InputLength(c.Batch), plan.OutputLength(c.Batch)));
        }

        /// <summary>More of it by whole strides, as far as a dilation above the stride lets it.</summary>
        private static int LargestOutputPadding(int padding, int stride, int dilation) =>
            padding + (Math.Max(0, dilation - 1 - padding) / stride * stride);

        public ConvTranspose2DShape Shape { get; }

        public T[] X { get; }

        /// <summary>Also the residual.</summary>
        public T[] Dy { get; }

        public T[] W { get; }

        public T[] Bias { get; }

        public T Beta { get; }

        public T[] Forward(Activation activation = Activation.None, bool withResidual = false)
        {
            StridedImage<T> y = new(c.Input, c.Batch, Shape.K, Shape.P, Shape.Q);
            Epilogue<T> epilogue = new() { Bias = Bias, Activation = activation, Residual = withResidual ? dy.Data : [] };
            if (c.Packed)
                plan.Forward(c.Batch, x.Data, plan.Pack(W, FilterUse.Forward, execution.Tier), y.Data, epilogue, execution);
            else
                plan.Forward(c.Batch, x.Data, W, y.Data, epilogue, execution);
            y.RequireGapsUntouched("y");
            return y.Pack();
        }

        /// <summary>Gradients are added to x, w and the bias where beta is 1.</summary>
        public T[] InputGradient()
        {
            StridedImage<T> dx = new(c.Output, c.Batch, Shape.C, Shape.H, Shape.W);
            if (Beta != T.Zero)
                dx.Unpack(X);
            if (c.Packed)
                plan.InputGradient(
                    c.Batch, dy.Data, plan.Pack(W, FilterUse.InputGradient, execution.Tier), dx.Data, Beta, execution);
            else
                plan.InputGradient(c.Batch, dy.Data, W, dx.Data, Beta, execution);
            dx.RequireGapsUntouched("dx");
            return dx.Pack();
        }

        public T[] WeightGradient()
        {
            T[] dw = Beta == T.Zero ? Data.Filled(W.Length, Data.Canary<T>()) : (T[])W.Clone();
            plan.WeightGradient(c.Batch, x.Data, dy.Data, dw, Beta, execution);
            return dw;
        }

        public T[] BiasGradient()
        {
            T[] db = Beta == T.Zero ? Data.Filled(Bias.Length, Data.Canary<T>()) : (T[])Bias.Clone();
            plan.BiasGradient(c.Batch, dy.Data, db, Beta, execution);
            return db;
        }

        /// <summary>Every product of the definition, as places in x, w and y.</summary>
        public void Visit(Action<int, int, int> product)
        {
            ConvTranspose2DShape s = Shape;
            int groupC = s.C / s.Groups, groupK = s.K / s.Groups;
            for (int i = 0; i < X.Length; i++)
            {
                int n = i / (s.C * s.H * s.W), channel = i / (s.H * s.W) % s.C, h = i / s.W % s.H, column = i % s.W;
                for (int tap = 0; tap < groupK * s.R * s.S; tap++)
                {
                    int k = (channel / groupC * groupK) + (tap / (s.R * s.S)), r = tap / s.S % s.R;
                    int p = (h * s.StrideH) - s.PadTop + (r * s.DilationH),
                        q = (column * s.StrideW) - s.PadLeft + (tap % s.S * s.DilationW);
                    if (p >= 0 && p < s.P && q >= 0 && q < s.Q)
                        product(i, (channel * groupK * s.R * s.S) + tap, (((((n * s.K) + k) * s.P) + p) * s.Q) + q);
                }
            }
        }
    }
}
