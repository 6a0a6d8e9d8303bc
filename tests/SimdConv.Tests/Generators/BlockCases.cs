using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Generators;

/// <summary>
/// Convolutions whose sizes cross the blocks that a plan has on this CPU, as its own description tells them: strips of rows,
/// and blocks of channels. The tier, the direction and the block follow from the case's seed. Poolings of more than one strip.
/// </summary>
public static partial class BlockCases
{
    private const long MostWork = 5_000_000;

    public static Arbitrary<ConvCase> Convolutions<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> => Arb.From(
        from counts in Gen.Elements(
            (1, 1, 4), (1, 3, 7), (1, 16, 3), (1, 60, 17), (1, 64, 2), (1, 70, 33), (1, 200, 1), (1, 530, 5), (1, 5, 300),
            (1, 2, 530), (2, 33, 9), (16, 1, 1), (40, 1, 2))
        from width in Gen.Elements(3, 7, 14, 33, 60, 130, 300)
        from kernel in Gen.Elements((1, 1), (3, 3), (3, 3), (5, 5), (2, 7))
        from stride in Gen.Elements(1, 1, 2)
        from dilation in Gen.Elements(1, 1, 1, 2)
        from pad in Gen.Elements(0, 1, 2)
        from batch in Gen.Elements(1, 1, 2, 5)
        from bias in Gen.Elements(true, false)
        from beta in Gen.Elements(0, 1, 0.7)
        from packed in Gen.Elements(true, false)
        from seed in Gen.Choose(0, int.MaxValue - 8)
        let height = (dilation * (kernel.Item1 - 1)) + 1
        let shape = new Conv2DShape(
            counts.Item1 * counts.Item2, height, Math.Max(width, (dilation * (kernel.Item2 - 1)) + 1),
            counts.Item1 * counts.Item3, kernel.Item1, kernel.Item2)
        {
            StrideH = stride,
            StrideW = stride,
            DilationH = dilation,
            DilationW = dilation,
            PadTop = pad,
            PadLeft = pad,
            PadBottom = pad,
            PadRight = pad,
            Groups = counts.Item1,
        }
        select Cross<T>(new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, bias, beta, packed, DataKind.Real, seed)),
            ConvCases.Shrink);

    /// <summary>
    /// Rows of windows for more than one strip with windows in lanes, which hold 4096 elements, or with planes in lanes.
    /// </summary>
    public static Arbitrary<PoolCase> Poolings() => Arb.From(
        from kind in Gen.Elements(PoolKind.Max, PoolKind.Average)
        from width in Gen.Elements(9, 33, 130, 301, 700)
        from kernel in Gen.Elements(2, 3, 3, 5)
        from stride in Gen.Elements(1, 2, 3)
        from pad in Gen.Choose(0, 1)
        from channels in Gen.Elements(1, 2, 16, 19)
        from beside in Gen.Choose(-1, 3)
        from strips in Gen.Choose(1, 2)
        from data in Gen.Elements(DataKind.Real, DataKind.Integers)
        from seed in Gen.Choose(0, int.MaxValue - 8)
        let height = Math.Max(kernel, Math.Min((strips * 4096 / width) + beside, 90_000 / (width * channels * kernel)))
        let shape = new Pool2DShape(channels, height, width, kernel, kernel)
        {
            StrideH = stride,
            StrideW = stride,
            PadTop = pad,
            PadLeft = pad,
            PadRight = pad,
            CeilMode = pad == 1,
        }
        select new PoolCase(shape, kind, 1, LayoutKind.Nchw, LayoutKind.Nchw, data, seed), PoolCases.Shrink);

    public static bool HasSeveralStrips(string description, Conv2DShape s) => Rows(description) is int rows and > 0 && rows < s.P;

    public static bool HasSeveralBlocks(string description, Conv2DShape s, ConvDirection direction) =>
        ChannelBlock().Match(description) is { Success: true } match
        && int.Parse(match.Groups["channels"].Value, CultureInfo.InvariantCulture)
            < (direction == ConvDirection.InputGradient ? s.K : s.C) / s.Groups;

    private static ConvCase Cross<T>(ConvCase c) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SimdTier tier = SimdSupport.Available[c.Seed % SimdSupport.Available.Count];
        ConvDirection direction = (ConvDirection)(c.Seed / 4 % 3);
        int beside = (c.Seed / 12 % 4) - 1, blocks = 1 + (c.Seed / 48 % 2);

        // Taller, until strips end within the image or work would become too much.
        while (Work(c) * 2 < MostWork && Rows(Describe(c)) is int some && (some < 0 || some >= Height(c)))
            c = c with { Shape = c.Shape with { H = 2 * c.Shape.H } };
        string description = Describe(c);
        if (ChannelBlock().Match(description) is { Success: true } match && c.Seed / 96 % 2 == 0)
        {
            int block = int.Parse(match.Groups["channels"].Value, CultureInfo.InvariantCulture);
            Conv2DShape s = c.Shape;
            int channels = Math.Max(1, (blocks * block) + beside) * s.Groups;
            s = direction == ConvDirection.InputGradient ? s with { K = channels } : s with { C = channels };
            ConvCase other = c with { Shape = s };
            return Work(other) <= MostWork ? other : c;
        }

        int rows = Rows(description);
        if (rows < 0)
            return c;
        int height = Math.Max(1, (blocks * rows) + beside), extent = (c.Shape.DilationH * (c.Shape.R - 1)) + 1;
        ConvCase taller = c with
        {
            Shape = c.Shape with
            {
                H = direction == ConvDirection.InputGradient
                    ? Math.Max(extent, height * c.Shape.StrideH)
                    : Math.Max(1, ((height - 1) * c.Shape.StrideH) + extent - c.Shape.PadTop - c.Shape.PadBottom),
            },
        };
        return Work(taller) <= MostWork ? taller : c;

        string Describe(ConvCase some) => new Conv2DPlan<T>(some.Shape).Algorithm(direction, tier.Run());

        int Height(ConvCase some) => direction == ConvDirection.InputGradient ? some.Shape.H / some.Shape.StrideH : some.Shape.P;
    }

    private static long Work(ConvCase c) => (long)c.Batch * c.Shape.K * c.Shape.P * c.Shape.Q * c.Shape.Taps;

    /// <summary>Rows of a strip, the first one where phases have different ones; -1 where there are none.</summary>
    private static int Rows(string description) =>
        StripRows().Match(description) is { Success: true } match
            ? int.Parse(match.Groups["rows"].Value, CultureInfo.InvariantCulture) : -1;

    [GeneratedRegex(@"of (?<rows>\d+) rows")]
    private static partial Regex StripRows();

    [GeneratedRegex(@"(block\(s\)|blocks) of (?<channels>\d+) ")]
    private static partial Regex ChannelBlock();
}
