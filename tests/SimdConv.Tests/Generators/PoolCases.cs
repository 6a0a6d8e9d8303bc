using FsCheck;
using FsCheck.Fluent;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>One pooling, forward and backward.</summary>
public sealed record PoolCase(
    Pool2DShape Shape, PoolKind Kind, int Batch, LayoutKind Input, LayoutKind Output, DataKind Data, int Seed);

/// <summary>Generates valid <see cref="PoolCase"/>s; also an FsCheck.Xunit arbitrary.</summary>
public static class PoolCases
{
    public static Arbitrary<PoolCase> Any() => Arb.From(Generator(), Shrink);

    private static Gen<PoolCase> Generator() =>
        from kind in Gen.Elements(PoolKind.Max, PoolKind.Average)
        from vertical in Axis([1, 2, 3, 5])
        from horizontal in Axis([1, 2, 3, 4, 5, 7, 8, 9, 14, 15, 16, 17, 31, 33])
        from ceil in Gen.Elements(true, false)
        from includePad in Gen.Elements(true, false)
        from divisor in Gen.Frequency((3, Gen.Constant<int?>(null)), (1, Gen.Elements<int?>(1, 3, 7)))
        from inImages in Gen.Elements(true, false, false)
        from batch in inImages ? Gen.Frequency((15, Gen.Choose(1, 40)), (1, Gen.Constant(150)))
            : Gen.Frequency((1, Gen.Constant(0)), (12, Gen.Choose(1, 3)))
        from input in inImages ? Images() : Layout()
        from output in inImages ? Images() : Layout()
        from channels in inImages ? Gen.Elements(1, 2) : Gen.Elements(1, 2, 3, 5, 8, 17)
        from data in Gen.Elements(DataKind.Real, DataKind.Integers)
        from seed in Gen.Choose(0, int.MaxValue - 8)
        let shape = new Pool2DShape(channels, vertical.Size, horizontal.Size, vertical.Kernel, horizontal.Kernel)
        {
            StrideH = vertical.Stride,
            StrideW = horizontal.Stride,
            DilationH = vertical.Dilation,
            DilationW = horizontal.Dilation,
            PadTop = vertical.Before,
            PadBottom = vertical.After,
            PadLeft = horizontal.Before,
            PadRight = horizontal.After,
            CountIncludePad = includePad,
            DivisorOverride = kind == PoolKind.Average ? divisor : null,
        }
        from adaptive in Gen.Elements(false, false, false, false, kind == PoolKind.Average)
        select adaptive
            ? new PoolCase(Pool2DShape.Adaptive(channels, vertical.Size, horizontal.Size, shape.P, shape.Q), kind, batch, input,
                output, data, seed)
            : new PoolCase(ceil && IsValid(shape with { CeilMode = true }, kind) ? shape with { CeilMode = true } : shape, kind,
                batch, input, output,
            data, seed);

    private static Gen<LayoutKind> Layout() => Gen.Frequency(
        (5, Gen.Constant(LayoutKind.Nchw)),
        (2, Gen.Constant(LayoutKind.Nhwc)),
        (1, Gen.Elements(LayoutKind.View, LayoutKind.EveryOther, LayoutKind.ChannelsOutermost, LayoutKind.ImagesInnermost)));

    /// <summary>Layouts whose images may be the lanes, and some that are mixed with one that isn't.</summary>
    private static Gen<LayoutKind> Images() => Gen.Frequency(
        (12, Gen.Elements(LayoutKind.ImagesInnermost, LayoutKind.SomeOfTheImages)), (1, Gen.Constant(LayoutKind.Nchw)));

    private readonly record struct AxisSizes(int Size, int Kernel, int Stride, int Dilation, int Before, int After);

    private static Gen<AxisSizes> Axis(int[] outputs) =>
        from windows in Gen.Elements(outputs)
        from kernel in Gen.Elements(1, 2, 2, 2, 3, 3, 4, 5, 17)
        from stride in Gen.Elements(1, 2, 2, 2, 3, kernel)
        from dilation in Gen.Elements(1, 1, 1, 2)
        from before in Gen.Choose(0, kernel / 2)
        from after in Gen.Choose(0, kernel / 2)
        from unused in Gen.Choose(0, stride - 1)
        select Derive(windows, kernel, stride, dilation, before, after, unused);

    private static AxisSizes Derive(int windows, int kernel, int stride, int dilation, int before, int after, int unused)
    {
        int padded = ((windows - 1) * stride) + (dilation * (kernel - 1)) + 1 + unused;
        // Every window must hold a pixel: half a kernel of padding always leaves one if the image is at least as long.
        int least = (dilation * (kernel - 1)) + 1;
        return padded - before - after >= least
            ? new(padded - before - after, kernel, stride, dilation, before, after)
            : new(padded, kernel, stride, dilation, 0, 0);
    }

    internal static IEnumerable<PoolCase> Shrink(PoolCase c)
    {
        if (c.Batch > 2)
            yield return c with { Batch = c.Batch / 2 };
        if (c.Batch > 1)
            yield return c with { Batch = 1 };
        if (c.Input != LayoutKind.Nchw)
            yield return c with { Input = LayoutKind.Nchw };
        if (c.Output != LayoutKind.Nchw)
            yield return c with { Output = LayoutKind.Nchw };
        foreach (Pool2DShape shape in ShrinkShape(c.Shape))
        {
            if (shape != c.Shape && IsValid(shape, c.Kind))
                yield return c with { Shape = shape };
        }

        if (c.Data != DataKind.Impulse)
            yield return c with { Data = DataKind.Impulse };
    }

    private static IEnumerable<Pool2DShape> ShrinkShape(Pool2DShape s)
    {
        if (s.AdaptiveSize is var (p, q))
        {
            yield return Pool2DShape.Adaptive(1, s.H, s.W, p, q);
            foreach (int size in GemmCases.Smaller(s.H))
                yield return Pool2DShape.Adaptive(s.C, size, s.W, p, q);
            foreach (int size in GemmCases.Smaller(s.W))
                yield return Pool2DShape.Adaptive(s.C, s.H, size, p, q);
            yield break;
        }

        yield return s with { C = 1 };
        yield return s with { CeilMode = false };
        yield return s with { CountIncludePad = true };
        yield return s with { DivisorOverride = null };
        yield return s with { PadTop = 0 };
        yield return s with { PadBottom = 0 };
        yield return s with { PadLeft = 0 };
        yield return s with { PadRight = 0 };
        yield return s with { StrideH = 1 };
        yield return s with { StrideW = 1 };
        yield return s with { DilationH = 1 };
        yield return s with { DilationW = 1 };
        foreach (int r in GemmCases.Smaller(s.R))
            yield return s with { R = r };
        foreach (int size in GemmCases.Smaller(s.S))
            yield return s with { S = size };
        foreach (int h in GemmCases.Smaller(s.H))
            yield return s with { H = h };
        foreach (int w in GemmCases.Smaller(s.W))
            yield return s with { W = w };
    }

    private static bool IsValid(Pool2DShape shape, PoolKind kind)
    {
        try
        {
            shape.Validate(kind);
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false;
        }
    }
}
