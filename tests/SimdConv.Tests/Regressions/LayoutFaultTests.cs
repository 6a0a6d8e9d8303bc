using System.Diagnostics;
using System.Runtime.InteropServices;
using SimdConv.Core;
using SimdConv.Reference;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Regressions;

/// <summary>
/// Faults of strides that were found, each as a case of its own. Properties of the same kind are in <see cref="Layouts"/>.
/// </summary>
public sealed unsafe class LayoutFaultTests
{
    private static readonly nint Huge = (nint)1 << 62;

    public static TheoryData<SimdTier> AllTiers => Tiers.All;

    [Fact]
    public void ImagesThatShareAPixelAreRefused()
    {
        float[] x = new float[16], y = [.. Enumerable.Repeat(7f, 64)];
        Conv2DPlan<float> plan = new(new(1, 2, 2, 1, 1, 1), null, new ImageLayout(1, 8, 8, 2));
        ArgumentException error = Assert.Throws<ArgumentOutOfRangeException>(() => plan.Forward(4, x, [1], y));
        Assert.Contains("OutputLayout is ImageLayout { N = 1, C = 8, H = 8, W = 2 }; "
            + "expected strides that give every element of a batch of 4 a place of its own",
            error.Message, StringComparison.Ordinal);
        Assert.All(y, value => Assert.Equal(7, value));
    }

    [Fact]
    public void TwoOfTheseImagesInterleave()
    {
        float[] y = [.. Enumerable.Repeat(7f, 12)];
        new Conv2DPlan<float>(new(1, 2, 2, 1, 1, 1), null, new ImageLayout(1, 8, 8, 2)).Forward(2, [1, 2, 3, 4, 5, 6, 7, 8],
            [1], y);
        Assert.Equal([1, 5, 2, 6, 7, 7, 7, 7, 3, 7, 4, 8], y);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    public void ImagesInnermostAreAsManyAsThePitch(int batch, bool fits)
    {
        // Channels, rows and pixels outside of eight images.
        Conv2DPlan<float> plan = new(new(2, 4, 5, 4, 1, 1), null, new ImageLayout(1, 160, 40, 8));
        float[] x = new float[batch * 40], y = new float[700];
        Assert.Equal(fits ? null : typeof(ArgumentOutOfRangeException),
            Record.Exception(() => plan.Forward(batch, x, new float[8], y))?.GetType());
    }

    /// <summary>A plan remembers the largest batch that it has found to be in order, and none beyond.</summary>
    [Fact]
    public void ALargerBatchIsLookedAtAnew()
    {
        float[] x = new float[16], y = new float[64];
        Conv2DPlan<float> plan = new(new(1, 2, 2, 1, 1, 1), null, new ImageLayout(1, 8, 8, 2));
        plan.Forward(2, x, [1], y);
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.Forward(3, x, [1], y));
        plan.Forward(2, x, [1], y);
    }

    [Fact]
    public void GradientsOfImagesThatShareAPixelAreRefused()
    {
        Conv2DShape shape = new(1, 2, 2, 1, 1, 1);
        ImageLayout layout = new(1, 8, 8, 2);
        string names = "InputLayout is ImageLayout { N = 1, C = 8, H = 8, W = 2 }; "
            + "expected strides that give every element of a batch of 3 a place of its own";
        Assert.Contains(names, Refusal(() => new Conv2DPlan<float>(shape, layout).InputGradient(3, new float[12], [1f],
            new float[64])), StringComparison.Ordinal);
        Assert.Contains(names, Refusal(() => new Pool2DPlan<float>(new(1, 2, 2, 1, 1), PoolKind.Average, layout).Backward(3,
            new float[12], new float[64])), StringComparison.Ordinal);
        Assert.Contains(names, Refusal(() => new ConvTranspose2DPlan<float>(new(1, 2, 2, 1, 1, 1), layout).InputGradient(3,
            new float[12], [1f], new float[64])), StringComparison.Ordinal);
        Assert.Contains("OutputLayout is", Refusal(() =>
            new Pool2DPlan<float>(new(1, 2, 2, 1, 1), PoolKind.Max, null, layout).Forward(3, new float[12], new float[64])),
            StringComparison.Ordinal);
        Assert.Contains("OutputLayout is", Refusal(() =>
            new ConvTranspose2DPlan<float>(new(1, 2, 2, 1, 1, 1), null, layout).Forward(3, new float[12], [1f], new float[64])),
            StringComparison.Ordinal);
    }

    /// <summary>A gradient that is the same for all images is read, not written.</summary>
    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void WeightGradientsReadOneImageAgainAndAgain(SimdTier tier)
    {
        Tiers.Require(tier);
        float[] x = Data.Make<float>(2 * 3 * 25, DataKind.Integers, 1), dy = Data.Make<float>(2 * 25, DataKind.Integers, 2),
            dw = new float[6], db = new float[2], expected = new float[6], biases = new float[2];
        Conv2DShape shape = new(3, 5, 5, 2, 1, 1);
        new Conv2DPlan<float>(shape, null, new ImageLayout(0, 25, 5, 1)).WeightGradient(2, x, dy, dw, db, 0, tier.Run());
        ReferenceConv2D.WeightGradient<float>(shape, 2, x, [.. dy, .. dy], expected, biases, 0);
        Assert.Equal(expected, dw);
        Assert.Equal(biases, db);
    }

    /// <summary>Rows of stride 0 divided by zero in Forward, Pack and WorkspaceBytes.</summary>
    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void RowsThatRepeatAreRead(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (int channels in (int[])[1, 3, 16])
        {
            Conv2DShape shape = new(channels, 6, 40, 4, 1, 1);
            float[] row = Data.Make<float>(channels * 40L, DataKind.Integers, 1),
                w = Data.Make<float>(4L * channels, DataKind.Integers, 2), x = new float[channels * 240];
            for (int i = 0; i < x.Length; i++)
                x[i] = row[(i / 240 * 40) + (i % 40)];
            Conv2DPlan<float> plan = new(shape, new ImageLayout(0, 40, 0, 1));
            float[] y = new float[960], expected = new float[960];
            Assert.True(plan.WorkspaceBytes(ConvDirection.Forward, 1, tier.Run()) >= 0);
            plan.Forward(1, row, plan.Pack(w, FilterUse.Forward, tier), y, default, tier.Run());
            ReferenceConv2D.Forward<float>(shape, 1, x, w, default, expected);
            Assert.Equal(expected, y);
        }
    }

    /// <summary>NumPy and PyTorch make views of one row whose row stride is 0, or anything.</summary>
    [SkippableTheory, MemberData(nameof(AllTiers))]
    public void StridesThatAreNeverUsedMayBeAnything(SimdTier tier)
    {
        Tiers.Require(tier);
        float[] x = Data.Make<float>(40, DataKind.Integers, 1), w = [1, 2, 3], y = new float[40], dx = new float[40],
            dw = new float[3], pooled = new float[38], expected = new float[40], expectedDx = new float[40];
        Conv2DShape shape = new Conv2DShape(1, 1, 40, 1, 1, 3).WithPadding(0, 1);
        ReferenceConv2D.Forward<float>(shape, 1, x, w, default, expected);
        ReferenceConv2D.InputGradient<float>(shape, 1, x, w, expectedDx, 0);
        foreach (nint stride in (nint[])[0, 1, -5, Huge, -Huge, nint.MaxValue, nint.MinValue])
        {
            ImageLayout layout = new(stride, stride, stride, 1);
            Conv2DPlan<float> plan = new(shape, layout, layout);
            plan.Forward(1, x, plan.Pack(w, FilterUse.Both, tier), y, default, tier.Run());
            Assert.Equal(expected, y);
            plan.InputGradient(1, x, w, dx, 0, tier.Run());
            plan.WeightGradient(1, x, y, dw, default, 0, tier.Run());
            new Pool2DPlan<float>(new(1, 1, 40, 1, 3), PoolKind.Max, layout, layout).Forward(1, x, pooled, tier.Run());
            new ConvTranspose2DPlan<float>(new(1, 1, 40, 1, 1, 3) { PadLeft = 1, PadRight = 1 }, layout, layout).Forward(1, x,
                w, y, default, tier.Run());
            Assert.Equal(expectedDx, dx);
            Assert.Equal(40, plan.InputLength(1));
            Assert.Equal(layout, plan.InputLayout);
        }
    }

    [Fact]
    public void AnImagesStrideIsRefusedOnceItIsUsed()
    {
        float[] x = new float[8], y = new float[8];
        Conv2DShape shape = new(1, 2, 2, 1, 1, 1);
        new Conv2DPlan<float>(shape, new ImageLayout(-4, 4, 2, 1)).Forward(1, x, [1], y);
        Assert.Contains("InputLayout is ImageLayout { N = -4, C = 4, H = 2, W = 1 }; "
            + "expected strides of 0 or more in a batch of 2",
            Refusal(() => new Conv2DPlan<float>(shape, new ImageLayout(-4, 4, 2, 1)).Forward(2, x, [1], y)),
                StringComparison.Ordinal);
    }

    /// <summary>No buffer is long enough: that is what the error says, and not that arithmetic overflowed.</summary>
    [Fact]
    public void SpansBeyond64BitsAreTooShort()
    {
        Conv2DPlan<float> plan = new(new(1, 2, 4, 1, 1, 1), new ImageLayout(8, 8, nint.MaxValue, nint.MaxValue),
            new ImageLayout(Huge, 8, 4, 1));
        Assert.Contains("x holds 8 elements; expected at least 9223372036854775807",
            Assert.Throws<ArgumentException>(() => plan.Forward(1, new float[8], [1], new float[8])).Message,
            StringComparison.Ordinal);
        Assert.Throws<OverflowException>(() => plan.InputLength(1));
        Assert.Throws<OverflowException>(() => plan.OutputLength(9));
        foreach (SimdTier tier in SimdSupport.Available)
            Assert.NotNull(plan.Pack([1], FilterUse.Both, tier));
    }

    /// <summary>In each call, all elements of both were visited: 30 ms.</summary>
    [Fact]
    public void ChannelsOfOneBufferAreToldApartWithoutVisitingThem()
    {
        float[] buffer = new float[8 * 256 * 784];
        fixed (float* data = buffer)
        {
            ElementSet<float> x = new(data, (256 * 784, 8), (784, 128), (28, 28), (1, 28)),
                y = new(data + (128 * 784), (256 * 784, 8), (784, 128), (28, 28), (1, 28));
            ElementSet<float> pixels = new(data, (256 * 784, 8), (1, 128), (28 * 256, 28), (256, 28)),
                others = new(data + 128, (256 * 784, 8), (1, 128), (28 * 256, 28), (256, 28));
            long kept = Workspace.KeptBytes;
            Stopwatch watch = Stopwatch.StartNew();
            for (int i = 0; i < 1000; i++)
                Assert.False(x.Intersects(y) || others.Intersects(pixels));
            Assert.InRange(watch.ElapsedMilliseconds, 0, 2000);
            Assert.Equal(kept, Workspace.KeptBytes);
        }
    }

    [Fact]
    public void PoolingConcatenatesInPlace()
    {
        ImageLayout layout = new(2 * 8 * 49, 49, 7, 1);
        Pool2DShape shape = new(8, 7, 7, 3, 3) { StrideH = 1, StrideW = 1, PadTop = 1, PadLeft = 1, PadBottom = 1, PadRight = 1 };
        Pool2DPlan<float> plan = new(shape, PoolKind.Max, layout, layout);
        float[] buffer = Data.Make<float>(4 * 8 * 49, DataKind.Real, 1), x = (float[])buffer.Clone(),
            y = new float[buffer.Length];
        plan.Forward(2, buffer.AsSpan(0, 3 * 8 * 49), buffer.AsSpan(8 * 49));
        plan.Forward(2, x.AsSpan(0, 3 * 8 * 49), y);
        for (int n = 0; n < 2; n++)
            Assert.Equal(y.AsSpan(n * 2 * 8 * 49, 8 * 49), buffer.AsSpan(((n * 2) + 1) * 8 * 49, 8 * 49));
        Assert.Contains("y shares elements with x", Assert.Throws<ArgumentException>(() =>
            plan.Forward(2, buffer.AsSpan(0, 3 * 8 * 49), buffer.AsSpan((8 * 49) - 1))).Message, StringComparison.Ordinal);
    }

    /// <summary>Rows of all images side by side, which a stride above the size of one C was asked for.</summary>
    [Fact]
    public void ProductsOfABatchMayInterleave()
    {
        float[] c = new float[12];
        SimdConv.Gemm.MultiplyBatched<float>(2, Transpose.No, Transpose.No, 2, 3, 1, 1, [1, 2, 3, 4], 1, 2, [1, 1, 1], 3, 0, 0,
            c, 6, 3);
        Assert.Equal([1, 1, 1, 3, 3, 3, 2, 2, 2, 4, 4, 4], c);
        Assert.Contains("strideC is 4; expected 9 or more, or one by which a batch of 2 interleaves",
            Refusal(() => SimdConv.Gemm.MultiplyBatched<float>(2, Transpose.No, Transpose.No, 2, 3, 1, 1, new float[4], 1, 2,
            new float[3], 3, 0, 0, new float[13], 6, 4)), StringComparison.Ordinal);
    }

    /// <summary>Elements that lie askew in memory share bytes: the runtime's own error said nothing of that.</summary>
    [Fact]
    public void SpansThatLieAskewOverlap()
    {
        float[] buffer = new float[20];
        Assert.Contains("y shares elements with x", Assert.Throws<ArgumentException>(() =>
            SimdConv.Elementwise.Relu<float>(buffer.AsSpan(0, 8), MemoryMarshal.Cast<byte,
                float>(MemoryMarshal.AsBytes(buffer.AsSpan()).Slice(6, 32)))).Message, StringComparison.Ordinal);
    }

    /// <summary>No images take no scratch memory, of which Winograd's algorithm divided by their number.</summary>
    [Theory]
    [InlineData(ConvAlgorithm.Direct)]
    [InlineData(ConvAlgorithm.WinogradF2)]
    [InlineData(ConvAlgorithm.WinogradF4)]
    public void WorkspaceOfNoImagesIsKnown(ConvAlgorithm algorithm)
    {
        Conv2DPlan<float> plan = new(new(4, 8, 8, 64, 3, 3), null, null, algorithm);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
            Assert.True(plan.WorkspaceBytes(direction, 0) >= 0);
    }

    private static string Refusal(Action call) => Assert.Throws<ArgumentOutOfRangeException>(call).Message;
}
