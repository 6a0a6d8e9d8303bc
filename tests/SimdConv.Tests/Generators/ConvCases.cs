using FsCheck;
using FsCheck.Fluent;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>One convolution, in any direction.</summary>
public sealed record ConvCase(
    Conv2DShape Shape, int Batch, LayoutKind Input, LayoutKind Output, bool Bias, double Beta, bool Packed, DataKind Data,
    int Seed)
{
    public ConvAlgorithm Algorithm { get; init; }
}

/// <summary>
/// Generates <see cref="ConvCase"/>s, all of them valid: the output's size is drawn first and the input's derived from it. Also
/// an FsCheck.Xunit arbitrary.
/// </summary>
public static class ConvCases
{
    /// <summary>Around the lanes of every tier in either type, and a few rows longer than two vectors.</summary>
    private static readonly int[] Widths = [1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 33];

    private static readonly int[] Heights = [1, 1, 2, 3, 4, 5, 7];

    private static readonly int[] Channels = [1, 1, 2, 3, 4, 6, 8, 9, 16, 17];

    private const int LargestWork = 120_000;

    public static Arbitrary<ConvCase> Any() => Arb.From(
        from c in Generator(Gen.Frequency(
            (6, Plain()),
            (4, Depthwise()),
            (2, GroupCounts(3))))
        from isPointwise in Gen.Frequency((7, Gen.Constant(false)), (1, Gen.Constant(true)))
        select isPointwise ? Pointwise(c) : c, Shrink);

    /// <summary>
    /// Cases that Winograd's algorithm is for: kernels of 3x3 or 5x5, stride 1, dilation 1; images in lanes too.
    /// </summary>
    public static Arbitrary<ConvCase> Winograd(ConvAlgorithm algorithm) =>
        Arb.From(
            from c in Any().Generator
            from inLanes in Gen.Elements(false, false, true)
            from images in Gen.Elements(2, 5, 19, 37)
            let some = AdaptTo(c, algorithm)
            select inLanes ? InLanes(some, images) : some,
            c => Shrink(c).Select(smaller => AdaptTo(smaller, algorithm)).Where(smaller => smaller != c));

    /// <summary>Images side by side, as many as leave little to do.</summary>
    private static ConvCase InLanes(ConvCase c, int images) => c with
    {
        Input = LayoutKind.SomeOfTheImages,
        Output = LayoutKind.SomeOfTheImages,
        Batch = (int)Math.Clamp(LargestWork / Math.Max(1, Work(c.Shape, 1)), 1, images),
    };

    /// <summary>The same channels and images, pixel by pixel.</summary>
    private static ConvCase Pointwise(ConvCase c) => Limit(c with
    {
        Shape = new(c.Shape.C, Math.Max(1, c.Shape.H), Math.Max(1, c.Shape.W), c.Shape.K, 1, 1) { Groups = c.Shape.Groups },
    });

    /// <summary>The nearest case that Winograd's algorithm is for.</summary>
    public static ConvCase AdaptTo(ConvCase c, ConvAlgorithm algorithm)
    {
        Conv2DShape s = c.Shape;
        int size = algorithm == ConvAlgorithm.WinogradF2 && s.R > 3 ? 5 : 3;
        return c with
        {
            Algorithm = algorithm,
            Shape = s with
            {
                R = size,
                S = size,
                H = Math.Max(s.H, size - s.PadTop - s.PadBottom),
                W = Math.Max(s.W, size - s.PadLeft - s.PadRight),
                StrideH = 1,
                StrideW = 1,
                DilationH = 1,
                DilationW = 1,
            },
        };
    }

    /// <summary>One channel in, and mostly one out, a group; a single group too.</summary>
    private static Gen<(int Groups, int C, int K)> Depthwise() =>
        from groups in Gen.Elements(1, 2, 3, 8, 16, 17, 33)
        from k in Gen.Elements(1, 1, 1, 2, 3)
        select (groups, 1, k);

    /// <summary>A few channels in and out, a group.</summary>
    private static Gen<(int Groups, int C, int K)> GroupCounts(int mostPerGroup) =>
        from groups in Gen.Elements(2, 3, 4, 7, 8, 16, 17)
        from c in Gen.Choose(1, mostPerGroup)
        from k in Gen.Choose(1, mostPerGroup)
        select (groups, c, k);

    private static Gen<(int Groups, int C, int K)> Plain() =>
        from c in Gen.Elements(Channels)
        from k in Gen.Elements(Channels)
        select (1, c, k);

    private static Gen<ConvCase> Generator(Gen<(int Groups, int C, int K)> channelCounts) =>
        from counts in channelCounts
        from vertical in Axis(Heights)
        from horizontal in Axis(Widths)
        from images in Images()
        from bias in Gen.Elements(true, false)
        from beta in Gen.Elements(0, 0, 1, 0.7)
        from packed in Gen.Elements(true, false)
        from data in Gen.Elements(DataKind.Real, DataKind.Real, DataKind.Integers)
        from seed in Gen.Choose(0, int.MaxValue - 8)
        select Limit(new ConvCase(
            new Conv2DShape(counts.Groups * counts.C, vertical.Size, horizontal.Size, counts.Groups * counts.K, vertical.Kernel,
                horizontal.Kernel)
            {
                Groups = counts.Groups,
                StrideH = vertical.Stride,
                StrideW = horizontal.Stride,
                DilationH = vertical.Dilation,
                DilationW = horizontal.Dilation,
                PadTop = vertical.Before,
                PadBottom = vertical.After,
                PadLeft = horizontal.Before,
                PadRight = horizontal.After,
            },
            images.Batch, images.Input, images.Output, bias, beta, packed, data, seed));

    /// <summary>A few images in two layouts, or more where they are innermost in both, as many as fill registers.</summary>
    private static Gen<(int Batch, LayoutKind Input, LayoutKind Output)> Images() => Gen.Frequency(
        (5, from batch in Gen.Frequency((1, Gen.Constant(0)), (12, Gen.Choose(1, 3)))
            from input in Layout()
            from output in Layout()
            select (batch, input, output)),
        (1, from batch in Gen.Elements(2, 3, 4, 5, 8, 9, 16, 17, 35)
            from input in Innermost()
            from output in Innermost()
            select (batch, input, output)));

    private static Gen<LayoutKind> Innermost() => Gen.Frequency(
        (2, Gen.Constant(LayoutKind.ImagesInnermost)), (1, Gen.Constant(LayoutKind.SomeOfTheImages)));

    private static Gen<LayoutKind> Layout() => Gen.Frequency(
        (5, Gen.Constant(LayoutKind.Nchw)),
        (2, Gen.Constant(LayoutKind.Nhwc)),
        (2, Gen.Constant(LayoutKind.View)),
        (1, Gen.Elements(LayoutKind.EveryOther, LayoutKind.ChannelsOutermost, LayoutKind.ImagesInnermost)));

    private readonly record struct AxisSizes(int Size, int Kernel, int Stride, int Dilation, int Before, int After);

    private enum Padding { None, Same, Asymmetric, AtLeastKernel, NearlyAll }

    private static Gen<AxisSizes> Axis(int[] outputs) =>
        from windows in Gen.Elements(outputs)
        from kernel in Gen.Elements(1, 1, 2, 3, 3, 3, 4, 5, 7)
        from stride in Gen.Elements(1, 1, 1, 2, 2, 3)
        from dilation in Gen.Elements(1, 1, 1, 2, 3)
        from padding in Gen.Elements(
            Padding.None, Padding.Same, Padding.Same, Padding.Asymmetric, Padding.Asymmetric, Padding.AtLeastKernel,
            Padding.NearlyAll)
        from unused in Gen.Choose(0, stride - 1)
        from part in Gen.Choose(0, 1000)
        select Derive(windows, kernel, stride, dilation, padding, unused, part);

    /// <summary>
    /// The padded size follows from the windows; padding takes its share of it, so that the kernel may exceed the image.
    /// </summary>
    private static AxisSizes Derive(int windows, int kernel, int stride, int dilation, Padding padding, int unused, int part)
    {
        int extent = (dilation * (kernel - 1)) + 1, padded = ((windows - 1) * stride) + extent + unused;
        (int before, int after) = padding switch
        {
            Padding.Same => (extent / 2, extent / 2),
            Padding.Asymmetric => (part % (extent + 1), part / 7 % (extent + 2)),
            Padding.AtLeastKernel => (extent + (part % 3), part % 2 * extent),
            Padding.NearlyAll => (part * padded / 1000, padded - 1 - (part * padded / 1000)),
            _ => (0, 0),
        };
        before = Math.Clamp(before, 0, padded - 1);
        after = Math.Clamp(after, 0, padded - 1 - before);
        return new(padded - before - after, kernel, stride, dilation, before, after);
    }

    /// <summary>Halves the channels, then the height, until a plain loop is done in a moment.</summary>
    private static ConvCase Limit(ConvCase c)
    {
        Conv2DShape shape = c.Shape;
        while (Work(shape, c.Batch) > LargestWork)
        {
            int perGroupC = shape.C / shape.Groups, perGroupK = shape.K / shape.Groups;
            if (perGroupC > 2)
                shape = shape with { C = shape.Groups * (perGroupC / 2) };
            else if (perGroupK > 2)
                shape = shape with { K = shape.Groups * (perGroupK / 2) };
            else if (shape.Groups > 2)
                shape = shape with { Groups = 2, C = 2 * perGroupC, K = 2 * perGroupK };
            else
                break;
        }

        return c with { Shape = shape };
    }

    private static long Work(Conv2DShape shape, int batch) => (long)Math.Max(batch, 1) * shape.K * shape.P * shape.Q * shape.Taps;

    internal static IEnumerable<ConvCase> Shrink(ConvCase c)
    {
        Conv2DShape s = c.Shape;
        if (c.Batch > 1)
            yield return c with { Batch = 1 };
        if (c.Batch > 2)
            yield return c with { Batch = 2 };
        if (c.Input != LayoutKind.Nchw)
            yield return c with { Input = LayoutKind.Nchw };
        if (c.Output != LayoutKind.Nchw)
            yield return c with { Output = LayoutKind.Nchw };
        foreach (Conv2DShape shape in ShrinkShape(s))
        {
            if (shape != s && IsValid(shape))
                yield return c with { Shape = shape };
        }

        if (c.Bias)
            yield return c with { Bias = false };
        if (c.Beta != 0)
            yield return c with { Beta = 0 };
        if (c.Packed)
            yield return c with { Packed = false };
        if (c.Data != DataKind.Impulse)
            yield return c with { Data = DataKind.Impulse };
    }

    private static IEnumerable<Conv2DShape> ShrinkShape(Conv2DShape s)
    {
        yield return s with { Groups = 1, C = s.C / s.Groups, K = s.K / s.Groups };
        yield return s with { PadTop = 0 };
        yield return s with { PadBottom = 0 };
        yield return s with { PadLeft = 0 };
        yield return s with { PadRight = 0 };
        yield return s with { StrideH = 1 };
        yield return s with { StrideW = 1 };
        yield return s with { DilationH = 1 };
        yield return s with { DilationW = 1 };
        foreach (int c in GemmCases.Smaller(s.C / s.Groups))
            yield return s with { C = c * s.Groups };
        foreach (int k in GemmCases.Smaller(s.K / s.Groups))
            yield return s with { K = k * s.Groups };
        foreach (int r in GemmCases.Smaller(s.R))
            yield return s with { R = r };
        foreach (int size in GemmCases.Smaller(s.S))
            yield return s with { S = size };
        foreach (int h in GemmCases.Smaller(s.H))
            yield return s with { H = h };
        foreach (int w in GemmCases.Smaller(s.W))
            yield return s with { W = w };
    }

    private static bool IsValid(Conv2DShape shape) =>
        Reference.ReferenceConv2D.OutputHeight(shape) > 0 && Reference.ReferenceConv2D.OutputWidth(shape) > 0;
}
