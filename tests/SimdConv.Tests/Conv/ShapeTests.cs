using SimdConv.Reference;
using SimdConv.Tests.Generators;

namespace SimdConv.Tests.Conv;

/// <summary>Output sizes, against a window that is slid along the image.</summary>
public sealed class ShapeTests
{
    [Fact]
    public void ConvolutionOutputIsTheNumberOfWindows() => Support.Properties.Check(ConvCases.Any(), 500, c =>
    {
        c.Shape.Validate();
        Assert.Equal((ReferenceConv2D.OutputHeight(c.Shape), ReferenceConv2D.OutputWidth(c.Shape)), (c.Shape.P, c.Shape.Q));
        Assert.Equal(c.Shape.C / c.Shape.Groups * c.Shape.R * c.Shape.S, c.Shape.Taps);
        Assert.Equal(c.Shape.K * c.Shape.Taps, c.Shape.WeightCount);
    });

    /// <summary>A 1-D convolution is its sum, without a second dimension in sight.</summary>
    [Theory]
    [InlineData(1, 0, 1, 1)]
    [InlineData(2, 3, 1, 2)]
    [InlineData(3, 1, 2, 4)]
    public void Conv1DSlidesAlongOneAxis(int stride, int padding, int dilation, int groups)
    {
        const int C = 4, Length = 50, K = 8, S = 3;
        Conv2DShape shape = Conv2DShape.Conv1D(C, Length, K, S, stride, padding, dilation, groups);
        float[] x = Support.Data.Make<float>(C * Length, Support.DataKind.Integers, 1),
            w = Support.Data.Make<float>(K * C / groups * S, Support.DataKind.Integers, 2);
        int q = ((Length + (2 * padding) - (dilation * (S - 1)) - 1) / stride) + 1;
        Assert.Equal((1, q, w.Length), (shape.P, shape.Q, shape.WeightCount));
        float[] y = new float[K * q], expected = new float[K * q];
        for (int i = 0; i < y.Length; i++)
        {
            for (int tap = 0; tap < C / groups * S; tap++)
            {
                int k = i / q, c = (k / (K / groups) * (C / groups)) + (tap / S),
                    at = (i % q * stride) - padding + (tap % S * dilation);
                expected[i] += at < 0 || at >= Length ? 0 : x[(c * Length) + at] * w[(k * C / groups * S) + tap];
            }
        }

        new Conv2DPlan<float>(shape).Forward(1, x, w, y);
        Support.Compare.Equal<float>(expected, y, "y");
    }

    [Fact]
    public void PoolingOutputIsTheNumberOfWindows() => Support.Properties.Check(PoolCases.Any(), 500, c =>
    {
        c.Shape.Validate(c.Kind);
        Assert.Equal((ReferencePool2D.OutputHeight(c.Shape), ReferencePool2D.OutputWidth(c.Shape)), (c.Shape.P, c.Shape.Q));
    });

    [Fact]
    public void SamePaddingGivesCeilOfSizeOverStride() => Support.Properties.Check(ConvCases.Any(), 500, c =>
    {
        Conv2DShape same = c.Shape.WithSamePadding();
        Assert.Equal(((same.H + same.StrideH - 1) / same.StrideH, (same.W + same.StrideW - 1) / same.StrideW), (same.P, same.Q));
        Assert.InRange(same.PadBottom - same.PadTop, 0, 1);
        Assert.InRange(same.PadRight - same.PadLeft, 0, 1);
        Conv2DShape lower = c.Shape.WithSamePadding(isLower: true);
        Assert.Equal((same.PadTop, same.PadBottom, same.PadLeft, same.PadRight),
            (lower.PadBottom, lower.PadTop, lower.PadRight, lower.PadLeft));
    });

    [Fact]
    public void SamePaddingOfPoolingGivesCeilOfSizeOverStride() => Support.Properties.Check(PoolCases.Any(), 500, c =>
    {
        if (c.Shape.AdaptiveSize is not null)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => c.Shape.WithSamePadding());
            return;
        }

        Pool2DShape same = c.Shape.WithSamePadding(), lower = c.Shape.WithSamePadding(isLower: true);
        Assert.Equal(((same.H + same.StrideH - 1) / same.StrideH, (same.W + same.StrideW - 1) / same.StrideW), (same.P, same.Q));
        Assert.InRange(same.PadBottom - same.PadTop, 0, 1);
        Assert.Equal((same.PadTop, same.PadBottom, same.PadLeft, same.PadRight),
            (lower.PadBottom, lower.PadTop, lower.PadRight, lower.PadLeft));
    });

    /// <summary>Of sizes from one that padding cuts off to one that output padding adds; what ONNX's rule says of two.</summary>
    [Fact]
    public void TransposedConvolutionsGetTheOutputSizeThatIsWanted()
    {
        ConvTranspose2DShape shape = new(1, 3, 4, 2, 3, 5) { StrideH = 3, StrideW = 2, DilationW = 2, OutputPaddingH = 1 };
        for (int p = 1; p <= 11; p++)
        {
            for (int q = 1; q <= 16; q++)
            {
                foreach (bool isLower in (bool[])[true, false])
                {
                    ConvTranspose2DShape sized = shape.WithOutputSize(p, q, isLower);
                    sized.Validate();
                    Assert.Equal((p, q), (sized.P, sized.Q));
                    Assert.InRange(isLower ? sized.PadTop - sized.PadBottom : sized.PadBottom - sized.PadTop, 0, 1);
                    Assert.InRange(isLower ? sized.PadLeft - sized.PadRight : sized.PadRight - sized.PadLeft, 0, 1);
                }
            }
        }

        // The example of ONNX's ConvTranspose: 3x3 to 10x8 with strides of 3 and 2 needs output padding.
        ConvTranspose2DShape onnx = new ConvTranspose2DShape(1, 3, 3, 2, 3, 3) { StrideH = 3, StrideW = 2 }
            .WithOutputSize(10, 8, isLower: true);
        Assert.Equal((0, 0, 1, 1), (onnx.PadTop, onnx.PadLeft, onnx.OutputPaddingH, onnx.OutputPaddingW));
        ArgumentOutOfRangeException tooMuch =
            Assert.Throws<ArgumentOutOfRangeException>(() => shape.WithOutputSize(20, 8, isLower: true));
        Assert.Contains("shape.OutputPaddingH is 11; expected 0 or more and less than", tooMuch.Message);
        Assert.Contains("q is 0", Assert.Throws<ArgumentOutOfRangeException>(() => shape.WithOutputSize(2, 0, true)).Message);
    }

    /// <summary>The generators keep their promise of covering what goes wrong elsewhere.</summary>
    [Fact]
    public void GeneratedConvolutionsCoverTheHardCases()
    {
        int[] counts = new int[9];
        Support.Properties.Check(ConvCases.Any(), 1000, c =>
        {
            Conv2DShape s = c.Shape;
            int extentH = (s.DilationH * (s.R - 1)) + 1, extentW = (s.DilationW * (s.S - 1)) + 1;
            bool[] hard =
            [
                s.PadTop != s.PadBottom && s.PadLeft != s.PadRight,
                s.DilationW > 1 && s.StrideW > 1 && s.S > 1,
                extentH > s.H || extentW > s.W,
                s.PadTop >= extentH || s.PadLeft >= extentW,
                s.Groups > 1,
                s.Groups > 1 && s.Groups == s.C,
                c.Batch == 0,
                c.Input != Support.LayoutKind.Nchw,
                s.PadLeft != s.PadRight && s.StrideW > 1,
            ];
            for (int i = 0; i < hard.Length; i++)
                counts[i] += hard[i] ? 1 : 0;
        });
        Assert.All(counts, count => Assert.True(count >= 40, string.Join(", ", counts)));
    }

    [Theory]
    [InlineData(4, 2, 2, 1, 1, true, 3)]
    [InlineData(5, 2, 2, 0, 0, true, 3)]
    [InlineData(5, 2, 2, 0, 0, false, 2)]
    [InlineData(3, 2, 2, 1, 1, true, 2)]
    [InlineData(112, 3, 2, 1, 1, true, 57)]
    [InlineData(112, 3, 2, 1, 1, false, 56)]
    [InlineData(2, 3, 2, 0, 0, true, 1)]
    public void PoolingSizesAsInPyTorch(int size, int kernel, int stride, int before, int after, bool ceil, int expected)
    {
        Pool2DShape shape = new(1, size, size, kernel, kernel)
        {
            StrideH = stride,
            StrideW = stride,
            PadTop = before,
            PadLeft = before,
            PadBottom = after,
            PadRight = after,
            CeilMode = ceil,
        };
        Assert.Equal((expected, expected), (shape.P, shape.Q));
        Assert.Equal((expected, expected), (ReferencePool2D.OutputHeight(shape), ReferencePool2D.OutputWidth(shape)));
    }
}
