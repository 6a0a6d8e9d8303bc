using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Pool;

public sealed class LargeWindowFloatTests : LargeWindowTests<float>;

public sealed class LargeWindowDoubleTests : LargeWindowTests<double>;

/// <summary>
/// Windows whose averages are sums of several blocks, and those that are too large to copy: in each tier, layout, and number of
/// threads.
/// </summary>
public abstract class LargeWindowTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A seed that 3 divides has all windows read in pieces.</summary>
    private const int InPieces = 3;

    private static readonly Pool2DShape[] Shapes =
    [
        new(19, 64, 65, 64, 65), // Global, the smallest that has blocks, ...
        new(3, 64, 64, 64, 64), // ... and the largest that has none.
        new(2, 1, 5000, 1, 5000),
        new(2, 5000, 1, 5000, 1),
        new(1, 9, 700, 9, 600) { StrideW = 7 }, // Rows of several blocks; windows in lanes.
        new(1, 5, 2600, 5, 2590) { StrideW = 9, PadLeft = 600, PadRight = 20 }, // Blocks in lanes.
        new(2, 100, 120, 65, 67)
        {
            StrideH = 17,
            StrideW = 2,
            PadTop = 32,
            PadLeft = 33,
            PadBottom = 20,
            PadRight = 30,
            CeilMode = true,
        },
        new(2, 100, 120, 65, 67)
        {
            StrideH = 17,
            StrideW = 20,
            PadTop = 32,
            PadLeft = 33,
            PadBottom = 20,
            PadRight = 30,
            CountIncludePad = false,
        },
        new(1, 3, 4, 100, 120) { StrideH = 1, StrideW = 40, PadTop = 99, PadLeft = 118, PadBottom = 1, PadRight = 3 },
        new(1, 70, 75, 66, 64) { StrideH = 3, StrideW = 1, DivisorOverride = 5 },
        new(2, 70, 140, 66, 64) { StrideH = 3, StrideW = 5, DilationW = 2 },
        new(1, 9, 2100, 3, 2051) { StrideH = 1, StrideW = 9, DilationH = 2, PadRight = 30 },
    ];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Averages(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Pool2DShape shape in
            (Pool2DShape[])[.. Shapes, Pool2DShape.Adaptive(5, 131, 200, 2, 3), Pool2DShape.Adaptive(1, 70, 70, 1, 1)])
        {
            LayoutKind other = shape.C % 2 == 0 ? LayoutKind.Nhwc : LayoutKind.EveryOther;
            PoolProperties<T>.Forward(tier, new(shape, PoolKind.Average, 1, LayoutKind.Nchw, LayoutKind.Nchw, DataKind.Real, 1));
            PoolProperties<T>.Forward(tier, new(shape, PoolKind.Average, 1, other, other, DataKind.Real, 1));
            PoolProperties<T>.Forward(tier,
                new(shape, PoolKind.Average, 1, LayoutKind.Nchw, LayoutKind.Nchw, DataKind.Real, InPieces));
            PoolProperties<T>.SameOnAnyThreadsAndBatch(tier,
                new(shape, PoolKind.Average, 2, LayoutKind.Nchw, LayoutKind.Nchw, DataKind.Real, 2));
        }
    }

    /// <summary>
    /// Strips of a single row that scratch memory shouldn't hold: forward, backward, windows of a long row, and whole planes.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void LargeStrips(SimdTier tier)
    {
        Tiers.Require(tier);
        (Pool2DShape, LayoutKind)[] cases =
        [
            (new(2, 130, 130, 130, 130), LayoutKind.Nchw),
            (new(3, 128, 140, 127, 139), LayoutKind.Nhwc),
            (new(9, 3, 6000, 3, 3), LayoutKind.Nhwc),
            (new(3, 1, 17000, 1, 2) { StrideW = 2 }, LayoutKind.Nhwc),
            (new(1, 100, 170, 97, 1) { StrideH = 1, PadTop = 96, PadBottom = 60 }, LayoutKind.EveryOther),
        ];
        foreach ((Pool2DShape shape, LayoutKind layout) in cases)
        {
            foreach (PoolKind kind in (ReadOnlySpan<PoolKind>)[PoolKind.Max, PoolKind.Average])
            {
                PoolCase c = new(shape, kind, 1, layout, layout, DataKind.Integers, 4);
                PoolProperties<T>.Forward(tier, c);
                PoolProperties<T>.Backward(tier, c);
            }
        }
    }

    /// <summary>
    /// Rows of windows that come in several pieces: winners of a later one, and dx of windows that are several apart.
    /// </summary>
    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void RowsOfSeveralPieces(SimdTier tier)
    {
        Tiers.Require(tier);
        foreach (Pool2DShape shape in
            (Pool2DShape[])[new(3, 2, 2305, 2, 2101) { StrideW = 50 }, new(2, 2, 2803, 2, 500) { StrideW = 1, DilationW = 3 }])
        {
            foreach (LayoutKind layout in (LayoutKind[])[LayoutKind.Nchw, LayoutKind.Nhwc])
            {
                PoolCase c = new(shape, PoolKind.Max, 1, layout, layout, DataKind.Real, InPieces);
                PoolProperties<T>.Forward(tier, c);
                PoolProperties<T>.Backward(tier, c);
            }
        }
    }
}
