using System.Numerics;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Pool;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

public sealed class PoolPathFloatTests : PoolPathTests<float>;

public sealed class PoolPathDoubleTests : PoolPathTests<double>;

/// <summary>All properties of pooling over the list of its paths, each with a shape that takes the path.</summary>
public abstract class PoolPathTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] ThreadCounts = [2, 3, 7, 16, 70];

    /// <summary>What the trace of a call must say, several strips or one, and the shapes among which one is searched.</summary>
    private static IEnumerable<(string Way, bool HasStrips, Pool2DShape[] Shapes, LayoutKind Layout)> Paths()
    {
        yield return ("windows in lanes", false, [new(40, 30, 64, 2, 2), new(90, 30, 60, 3, 3)], LayoutKind.Nchw);
        yield return ("windows in lanes", true, [new(3, 100, 130, 3, 3), new(3, 300, 130, 3, 3)], LayoutKind.Nchw);
        yield return ("planes in lanes", false, [new(150, 14, 15, 3, 3)], LayoutKind.Nhwc);
        yield return ("planes in lanes", true, [new(35, 120, 40, 3, 3), new(35, 400, 40, 3, 3)], LayoutKind.Nhwc);
        yield return ("images in lanes", false, [new(60, 30, 64, 2, 2) { StrideH = 1 }], LayoutKind.SomeOfTheImages);
        yield return ("images in lanes", true, [new(20, 100, 60, 3, 3) { StrideW = 2 }],
            LayoutKind.ImagesInnermost);
        yield return ("pieces", false, [new(2, 128, 140, 127, 139)], LayoutKind.Nhwc);
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EveryPathHasAShapeAndItsProperties(SimdTier tier)
    {
        Tiers.Require(tier);
        Skip.If(typeof(T) == typeof(double) && tier != SimdSupport.Best && !Effort.IsLong, "of double the best tier is tested");
        List<string> list = [];
        foreach (PoolKind kind in Enum.GetValues<PoolKind>())
        {
            foreach ((string way, bool hasStrips, Pool2DShape[] shapes, LayoutKind layout) in Paths())
            {
                // A seed that 3 divides would have all windows read in pieces.
                int worked = 0;
                string reached = "";
                PoolCase? found = null;
                foreach (PoolCase c in shapes.Select(shape => new PoolCase(shape, kind, 2, layout, layout, DataKind.Real, 1)))
                {
                    TracedCall trace = TracedCall.Of(tier, 70, execution => PoolProperties<T>.Execute(c, execution));
                    (worked, reached) = (trace.Worked, $"{trace}, {trace.Worked} threads");
                    if (trace.Count(way) > 0 && (!hasStrips || trace.Count("strip") > 1) && worked > 1)
                    {
                        found = c;
                        break;
                    }
                }

                Assert.True(found is not null,
                    $"{tier} {kind}: no shape for {way}{(hasStrips ? ", several strips" : "")}; reached: {reached}");
                list.Add($"{kind} | {way}{(hasStrips ? ", several strips" : "")}, {worked} threads work | {found.Shape}");
                T[] expected = PoolProperties<T>.Execute(found, tier.Run());
                foreach (int threads in ThreadCounts)
                    Compare.Equal<T>(expected, PoolProperties<T>.Execute(found, TracedCall.On(tier, threads)),
                        $"{way} on {threads} threads");
                PoolProperties<T>.Forward(tier, found with { Batch = 1 });
                PoolProperties<T>.Backward(tier, found with { Batch = 1 });
            }
        }

        PathList.Write($"pool-{tier}-{typeof(T).Name}", list);
    }
}
