using System.Numerics;
using System.Text.RegularExpressions;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

public sealed class ConvPathFloatTests : ConvPathTests<float>;

public sealed class ConvPathDoubleTests : ConvPathTests<double>;

/// <summary>
/// All properties of convolutions over the list of their paths, each with a shape that takes the path on this CPU. The list is
/// written to files in the folder "paths" beside this assembly.
/// </summary>
public abstract class ConvPathTests<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Few of them, in the short run, where the tier isn't the best one.</summary>
    private static int[] ThreadCounts(SimdTier tier) =>
        tier == SimdSupport.Best || Effort.IsLong ? [1, 2, 3, 7, 16, 70] : [1, 3, 70];

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void EveryPathHasAShape(SimdTier tier)
    {
        Tiers.Require(tier);
        List<ConvPath> all = [.. ConvPaths<T>.FindChunks(tier)];
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            List<ConvPath> paths = ConvPaths<T>.Find(tier, direction), many = ConvPaths<T>.FindMany(tier, direction);
            List<ConvPath> images = ConvPaths<T>.FindImages(tier, direction);
            all.AddRange([.. paths, .. many, .. images]);
            if (direction != ConvDirection.WeightGradient)
            {
                all.AddRange(ConvPaths<T>.FindWinograd(tier, direction));
                foreach (string way in (string[])["rows of one output", "x 2 registers", "x [34] registers"])
                    Assert.Contains(images, path => Regex.IsMatch(path.Facts.Algorithm, way));
            }

            foreach ((string way, string[] features) in ConvPaths<T>.Required(tier, direction))
            {
                Assert.True(
                    many.Exists(path => path.Facts.Way == way) || way == "positions in lanes, packed",
                    $"{direction}: no shape for {way} on more than 64 threads");
                foreach (string feature in (string[])["", .. features])
                {
                    string[] wanted = feature.Length == 0 ? [] : [feature];
                    Assert.True(paths.Exists(path => path.Facts.Has(way, wanted)), $"{direction}: no shape for {way}, {feature}");
                }
            }
        }

        PathList.Write($"conv-{tier}-{typeof(T).Name}", all);
        foreach ((string way, bool hasGroups, int chunks) in ConvPaths<T>.RequiredChunks())
            Assert.Contains(all, path => path.Name == ConvPaths<T>.ChunkName(way, hasGroups, chunks));
        foreach (string winograd in (string[])["Winograd F(2x", "Winograd F(4x", "Winograd F(4x, output channels in lanes"])
            Assert.Contains(all, path => path.Facts.Way == winograd);
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Forward(SimdTier tier) => CheckAll(tier, () => ConvPaths<T>.Find(tier, ConvDirection.Forward));

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void InputGradient(SimdTier tier) => CheckAll(tier, () => ConvPaths<T>.Find(tier, ConvDirection.InputGradient));

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void WeightGradient(SimdTier tier) => CheckAll(tier, () => ConvPaths<T>.Find(tier, ConvDirection.WeightGradient));

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Chunks(SimdTier tier) => CheckAll(tier, () => ConvPaths<T>.FindChunks(tier));

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void ManyThreads(SimdTier tier)
    {
        Require(tier);
        foreach (ConvDirection direction in Enum.GetValues<ConvDirection>())
        {
            foreach (ConvPath path in PathList.Sample<ConvPath, T>(tier, ConvPaths<T>.FindMany(tier, direction)))
            {
                int worked = Check(tier, path);
                Assert.True(worked > 64 || direction == ConvDirection.WeightGradient, $"{worked} of 70 threads worked: {path}");
            }
        }
    }

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Winograd(SimdTier tier) =>
        CheckAll(tier, () =>
            [
                .. ConvPaths<T>.FindWinograd(tier, ConvDirection.Forward),
                .. ConvPaths<T>.FindWinograd(tier, ConvDirection.InputGradient),
            ]);

    [SkippableTheory, MemberData(nameof(Tiers.All), MemberType = typeof(Tiers))]
    public void Images(SimdTier tier) =>
        CheckAll(tier, () => [.. Enum.GetValues<ConvDirection>().SelectMany(way => ConvPaths<T>.FindImages(tier, way))]);

    private static void Require(SimdTier tier)
    {
        Tiers.Require(tier);
        Skip.If(typeof(T) == typeof(double) && tier != SimdSupport.Best && !Effort.IsLong, "of double the best tier is tested");
    }

    private static void CheckAll(SimdTier tier, Func<List<ConvPath>> find)
    {
        Require(tier);
        List<ConvPath> paths = find();
        Assert.NotEmpty(paths);
        foreach (ConvPath path in PathList.Sample<ConvPath, T>(tier, paths))
            Check(tier, path);
    }

    /// <summary>All properties; returns the threads that worked where there were 70.</summary>
    private static int Check(SimdTier tier, ConvPath path)
    {
        try
        {
            ConvRun<T> run = new(path.Case);
            Assert.Equal($"{tier}: {path.Facts.Algorithm}", run.Plan.Algorithm(path.Direction, tier.Run()));
            T[] expected = Expected(tier, path, run);
            int worked = CheckThreads(tier, path, run, expected);
            CheckBetaAndPacking(tier, path);
            if (path.Direction == ConvDirection.WeightGradient)
                CheckBias(tier, run, expected.AsSpan(run.W.Length));
            else
                CheckBatch(tier, path, run, expected);
            if (path.Direction == ConvDirection.Forward)
                ConvProperties<T>.EpilogueFollowsTheSum(path.Case, TracedCall.On(tier, tier == SimdSupport.Best ? 16 : 3));
            return worked;
        }
        catch (Exception e)
        {
            throw new Xunit.Sdk.XunitException($"{tier} {typeof(T).Name} | {path}: {e.Message}", e);
        }
    }

    /// <summary>The scalar chain where the tier fuses, else what one thread gives.</summary>
    private static T[] Expected(SimdTier tier, ConvPath path, ConvRun<T> run)
    {
        T[] chain = FastChain.Of(run, path.Direction);
        if (path.Case.Algorithm == ConvAlgorithm.Direct && SimdSupport.Fuses(tier))
            return chain;
        T[] alone = ConvProperties<T>.Execute(run, path.Direction, tier.Run());
        double most = chain.Max(sum => Math.Abs(double.CreateTruncating(sum)));
        for (int i = 0; i < chain.Length; i++)
        {
            double error = Math.Abs(double.CreateTruncating(chain[i] - alone[i]));
            Assert.True(error <= 1e-3 * most, $"element {i} is {alone[i]}, the chain gives {chain[i]}");
        }

        return alone;
    }

    /// <summary>
    /// The same bits on any number of threads, all of which work at the same time; one thread goes the way that the path names.
    /// </summary>
    private static int CheckThreads(SimdTier tier, ConvPath path, ConvRun<T> run, T[] expected)
    {
        TracedCall trace = new();
        foreach (int threads in ThreadCounts(tier))
        {
            T[] actual = [];
            trace = TracedCall.Of(tier, threads, execution => actual = ConvProperties<T>.Execute(run, path.Direction, execution));
            Compare.Equal<T>(expected, actual, $"on {threads} threads");
            if (threads == 1)
                RequireReached(path, run, trace);
            else
                RequireThreads(path, threads, trace);
        }

        // The library's own workers, which are fewer than the parts.
        Compare.Equal<T>(expected, ConvProperties<T>.Execute(run, path.Direction, tier.Run(7)), "on the library's threads");
        return trace.Worked;
    }

    /// <summary>Of a weight gradient with one chunk and one small filter nothing can be shared out; anything else is.</summary>
    private static void RequireThreads(ConvPath path, int threads, TracedCall trace)
    {
        Assert.True(trace.Worked <= threads, $"{trace.Worked} of {threads} threads worked");
        bool isShared = path.Direction != ConvDirection.WeightGradient || trace.Items > 1;
        Assert.True(trace.Worked >= Math.Min(threads, 2) || !isShared, $"{trace.Worked} of {threads} threads worked");
    }

    /// <summary>What the schedule has several of is run several times.</summary>
    private static void RequireReached(ConvPath path, ConvRun<T> run, TracedCall trace)
    {
        (string Feature, string Traced)[] counts = IsDepthwise(path)
            ? [(ConvFacts.Strips, "strip")]
            : [(ConvFacts.Strips, "strip"), (ConvFacts.Bands, "band"), (ConvFacts.Blocks, "block"), (ConvFacts.Groups, "group")];
        if (path.Case.Algorithm == ConvAlgorithm.Direct)
        {
            foreach ((string feature, string traced) in counts)
                Assert.True(trace.Count(traced) > 1 || !path.Facts.Features.Contains(feature),
                    $"{feature} expected, reached: {trace}");
        }

        if (path.Direction == ConvDirection.WeightGradient)
            Assert.Equal(run.Plan.ReductionOrder(path.Case.Batch).Chunks, trace.Count("chunk"));
        else if (path.Facts.Way.Contains("in lanes", StringComparison.Ordinal) && path.Case.Algorithm == ConvAlgorithm.Direct)
            Assert.True(trace.Count(IsDepthwise(path) ? path.Facts.Way : path.Facts.Way.Split(',')[0]) == 1,
                $"{path.Facts.Way} expected, reached: {trace}");
    }

    private static bool IsDepthwise(ConvPath path) => path.Facts.Way.StartsWith("depthwise", StringComparison.Ordinal);

    /// <summary>
    /// beta of 0, which doesn't read what was there; weights packed ahead in place of those of the call, or the other way round.
    /// </summary>
    private static void CheckBetaAndPacking(SimdTier tier, ConvPath path)
    {
        ConvPath other = path with { Case = path.Case with { Beta = 0, Packed = !path.Case.Packed } };
        ConvRun<T> run = new(other.Case);
        T[] expected = Expected(tier, other, run);
        foreach (int threads in (int[])[1, 3])
            Compare.Equal<T>(
                expected, ConvProperties<T>.Execute(run, path.Direction, TracedCall.On(tier, threads)),
                $"beta 0, other packing, on {threads} threads");
    }

    private static void CheckBias(SimdTier tier, ConvRun<T> run, ReadOnlySpan<T> expected)
    {
        foreach (int threads in ThreadCounts(tier))
            Compare.Equal<T>(expected, run.BiasGradient(TracedCall.On(tier, threads)), $"db alone on {threads} threads");
    }

    /// <summary>The first and the last image come out as they do alone.</summary>
    private static void CheckBatch(SimdTier tier, ConvPath path, ConvRun<T> run, T[] expected)
    {
        foreach (int image in (int[])[0, path.Case.Batch - 1])
        {
            T[] alone = ConvProperties<T>.Execute(run.Alone(image), path.Direction, tier.Run(2));
            Compare.Equal<T>(expected.AsSpan(image * alone.Length, alone.Length), alone, $"image {image} alone");
        }
    }
}
