using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Layouts;

public sealed class ImageCopyTests
{
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void CopiesOfFloats(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, PoolCases.Any(), 200, c => Copy<float>(tier, c));
        FromAnyToAny<float>(tier);
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void CopiesOfDoubles(SimdTier tier)
    {
        Tiers.Require(tier);
        Properties.Check(tier, PoolCases.Any(), 100, c => Copy<double>(tier, c));
        FromAnyToAny<double>(tier);
    }

    /// <summary>Strides that nest in any order, interleave, repeat elements that are read, and leave gaps.</summary>
    private static void Copy<T>(SimdTier tier, PoolCase c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] sizes = [c.Batch, c.Shape.C, c.Shape.H, c.Shape.W];
        (AnyLayout<T> source, T[] packed) = AnyLayout<T>.ToRead(c.Seed, DataKind.Real, sizes);
        AnyLayout<T> target = AnyLayout<T>.ToWrite(c.Seed + 1, [], sizes);
        Images.Copy(c.Batch, c.Shape.C, c.Shape.H, c.Shape.W, source.Data, source.Layout, target.Data, target.Layout,
            tier.Run(1 + (c.Seed % 3)));
        Compare.Equal<T>(packed, target.Results("copy"), $"from {source.Layout} to {target.Layout}");
    }

    /// <summary>
    /// Each pair of named layouts, in sizes with several blocks, few and many channels and images, on several threads.
    /// </summary>
    private static void FromAnyToAny<T>(SimdTier tier)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((int n, int c, int h, int w) in (ReadOnlySpan<(int, int, int, int)>)
            [(1, 1, 1, 1), (100, 1, 16, 16), (33, 3, 17, 5), (16, 70, 3, 7), (5, 3, 64, 64), (130, 9, 4, 4), (7, 200, 5, 5)])
        {
            foreach (LayoutKind from in Enum.GetValues<LayoutKind>())
            {
                StridedImage<T> source = StridedImage<T>.Filled(from, n, c, h, w, DataKind.Real, n + c);
                T[] packed = source.Pack();
                foreach (LayoutKind to in Enum.GetValues<LayoutKind>())
                {
                    StridedImage<T> target = new(to, n, c, h, w);
                    Images.Copy(n, c, h, w, source.Data, source.Layout, target.Data, target.Layout,
                        tier.Run(1 + ((int)to % 3)));
                    target.RequireGapsUntouched($"{from} to {to}");
                    Compare.Equal<T>(packed, target.Pack(), $"{n} x {c} x {h} x {w} from {from} to {to}");
                }
            }
        }
    }
}
