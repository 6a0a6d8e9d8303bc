using SimdConv.Tests.Support;
using Xunit.Abstractions;

namespace SimdConv.Tests.Exhaustive;

/// <summary>
/// Every small geometry of both axes, with channels that reach every pass: all directions of the convolution and of the
/// transposed one, unpacked and packed weights, beta 0, 1 and another. Results are exact integers, compared with plain loops.
/// </summary>
public sealed class ConvGeometryTests(ITestOutputHelper output)
{
    private static readonly Channels[] Families =
    [
        new("dense", 3, 5, 1),
        new("dense, channels innermost", 3, 5, 1, LayoutKind.Nhwc),
        new("dense, images innermost", 2, 7, 1, LayoutKind.ImagesInnermost),
        new("depthwise, images innermost", 3, 3, 3, LayoutKind.ImagesInnermost),
        new("one channel, one output", 1, 1, 1),
        new("one channel", 1, 6, 1),
        new("one output", 4, 1, 1),
        new("more outputs than a register", 2, 19, 1),
        new("more channels than a register", 19, 2, 1),
        new("depthwise", 5, 5, 5),
        new("depthwise with multiplier", 3, 6, 3),
        new("grouped", 4, 6, 2),
    ];

    /// <summary>Fewer for transposed convolutions, which call the passes of a convolution.</summary>
    private static readonly Channels[] TransposedFamilies =
    [
        .. Families.Where(family =>
            family.Name is "dense" or "dense, images innermost" or "one channel" or "depthwise with multiplier" or "grouped"),
    ];

    /// <summary>Batches whose images are innermost: less than most registers, and more.</summary>
    private static readonly int[] Batches = [2, 5, 19];

    private static readonly Channels[] ColumnFamilies = [new("one channel", 1, 1, 1), new("channels", 5, 1, 1)];

    [Fact]
    public void ConvolutionsOfEveryGeometry()
    {
        Sweep sweep = new("Convolutions", output);
        sweep.Run(Size(Families), 3000, index =>
        {
            (PlainConv plain, Channels channels) = Case(Families, index);
            new ConvSweep<float>(sweep, plain, channels, index).Convolution();
            new ConvSweep<double>(sweep, plain, channels, index).Convolution();
        });
    }

    [Fact]
    public void TransposedConvolutionsOfEveryGeometry()
    {
        Sweep sweep = new("Transposed convolutions", output);
        sweep.Run(Size(TransposedFamilies), 2000, index =>
        {
            (PlainConv plain, Channels channels) = Case(TransposedFamilies, index);
            new ConvSweep<float>(sweep, plain, channels, index).Transposed();
            new ConvSweep<double>(sweep, plain, channels, index).Transposed();
        });
    }

    [Fact]
    public void ColumnsOfEveryGeometry()
    {
        Sweep sweep = new("im2col and col2im", output);
        sweep.Run(Size(ColumnFamilies), 3000, index =>
        {
            (PlainConv plain, Channels channels) = Case(ColumnFamilies, index);
            new ConvSweep<float>(sweep, plain, channels, index).Columns();
            new ConvSweep<double>(sweep, plain, channels, index).Columns();
        });
    }

    /// <summary>
    /// The plain loops themselves, worked out by hand: two pixels, a kernel of two taps, one pixel of padding ahead.
    /// </summary>
    [Fact]
    public void PlainLoopsDoWhatTheDefinitionSays()
    {
        Axis one = new(1, 1, 1, 0, 0, 1), two = new(2, 2, 1, 1, 0, 1);
        PlainConv plain = new(new("", 1, 1, 1), one, two, 1, 5);
        (int[] x, int[] w, int[] dy) = (plain.X, plain.W, plain.Dy);
        Assert.Equal([x[0] * w[1], (x[0] * w[0]) + (x[1] * w[1])], plain.Y);
        Assert.Equal([(dy[0] * w[1]) + (dy[1] * w[0]), dy[1] * w[1]], plain.Dx);
        Assert.Equal([dy[1] * x[0], (dy[0] * x[0]) + (dy[1] * x[1])], plain.Dw);
        Assert.Equal([dy[0] + dy[1]], plain.Db);
        Assert.Equal([0, x[0], x[0], x[1]], plain.Unfolded());
        Assert.Equal([2 + 3, 4], plain.Folded([1, 2, 3, 4]));
    }

    private static long Size(Channels[] families) => families.LongLength * Axis.All.LongLength * Axis.All.LongLength;

    private static (PlainConv Plain, Channels Channels) Case(Channels[] families, long index)
    {
        long axes = index / families.Length;
        Channels channels = families[index % families.Length];
        int batch = 1 + (int)(Data.Mix(1, index) % 3);
        if (channels.Layout == LayoutKind.ImagesInnermost)
            batch = Batches[batch - 1];
        return (new(channels, Axis.All[axes / Axis.All.Length], Axis.All[axes % Axis.All.Length], batch, unchecked((int)index)),
            channels);
    }
}
