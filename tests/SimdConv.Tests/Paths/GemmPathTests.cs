using System.Numerics;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

public sealed class GemmPathFloatTests : GemmPathTests<float>;

public sealed class GemmPathDoubleTests : GemmPathTests<double>;

/// <summary>All properties of products over the list of their paths, each with sizes that take the path on this CPU.</summary>
public abstract class GemmPathTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly int[] ThreadCounts = [1, 2, 3, 7, 16, 70];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EveryPathHasItsSizes(SimdTier tier)
    {
        Tiers.Require(tier);
        PathList.Write($"gemm-{tier}-{typeof(T).Name}", GemmPaths<T>.Find(tier));
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void PropertiesHoldOnEveryPath(SimdTier tier)
    {
        Tiers.Require(tier);
        Skip.If(typeof(T) == typeof(double) && tier != SimdSupport.Best && !Effort.IsLong, "of double the best tier is tested");
        foreach (GemmPath path in GemmPaths<T>.Find(tier))
        {
            try
            {
                GemmRun<T> run = new(path.Case, path.Call, tier);
                CheckChains(tier, run, path.Call);
                GemmRun<T> unread = new(path.Case with { Beta = 0 }, path.Call, tier);
                Compare.Equal<T>(Expected(tier, unread, default, static (_, _) => T.Zero),
                    unread.Multiply(unread.On(path.Threads), default), "beta 0");
            }
            catch (Exception e)
            {
                throw new Xunit.Sdk.XunitException($"{tier} {typeof(T).Name} | {path}: {e.Message}", e);
            }
        }
    }

    /// <summary>The chain on any number of threads; from a bias of rows or of columns, with every activation behind it.</summary>
    private static void CheckChains(SimdTier tier, GemmRun<T> run, GemmCall call)
    {
        T[] plain = Expected(tier, run, default, static (_, _) => T.Zero);
        foreach (int threads in ThreadCounts)
            Compare.Equal<T>(plain, run.Multiply(run.On(threads), default), $"on {threads} threads");
        Compare.Equal<T>(plain, run.Multiply(tier.Run(7), default), "on the library's threads");
        if (call == GemmCall.Batch)
            return;
        foreach (bool byRows in (bool[])[true, false])
        {
            ReadOnlySpan<T> rows = byRows ? run.RowBias : [], columns = byRows ? [] : run.ColumnBias;
            GemmEpilogue<T> bias = new() { RowBias = rows, ColumnBias = columns };
            T[] sums = Expected(tier, run, bias, (m, n) => byRows ? run.RowBias[m] : run.ColumnBias[n]);
            foreach ((Activation activation, Action<T[], T[]> operation) in Activations(tier))
            {
                GemmEpilogue<T> epilogue = new() { RowBias = rows, ColumnBias = columns, Activation = activation };
                int threads = ThreadCounts[(int)activation % ThreadCounts.Length];
                Compare.Equal<T>(run.Finished(sums, operation), run.Multiply(run.On(threads), epilogue),
                    $"{activation} on {threads} threads");
            }
        }
    }

    private static (Activation Activation, Action<T[], T[]> Operation)[] Activations(SimdTier tier) =>
    [
        (Activation.None, (x, y) => x.CopyTo(y, 0)),
        (Activation.Relu, (x, y) => SimdConv.Elementwise.Relu<T>(x, y, tier.Run())),
        (Activation.Relu6, (x, y) => SimdConv.Elementwise.Relu6<T>(x, y, tier.Run())),
        (Activation.LeakyRelu, (x, y) => SimdConv.Elementwise.LeakyRelu<T>(x, y, T.CreateTruncating(0.01), tier.Run())),
        (Activation.Tanh, (x, y) => SimdConv.Elementwise.Tanh<T>(x, y, T.One, tier.Run())),
        (Activation.HardSwish, (x, y) => SimdConv.Elementwise.HardSwish<T>(x, y, tier.Run())),
    ];

    /// <summary>The scalar chain where the tier fuses, else what one thread gives.</summary>
    private static T[] Expected(SimdTier tier, GemmRun<T> run, GemmEpilogue<T> bias, Func<int, int, T> start) =>
        SimdSupport.Fuses(tier) ? run.Chain(start) : run.Multiply(tier.Run(), bias);
}
