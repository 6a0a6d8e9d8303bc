using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using SimdConv.Kernels;
using SimdConv.Loops;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Paths;

/// <summary>A path of a convolution, and a case that takes it.</summary>
/// <param name="Name">The path.</param>
/// <param name="Direction">The pass.</param>
/// <param name="Facts">What the schedule of the case's shape says.</param>
/// <param name="Case">Shape, batch and the rest.</param>
internal sealed record ConvPath(string Name, ConvDirection Direction, ConvFacts Facts, ConvCase Case)
{
    public override string ToString() => $"{Direction} | {Name} | batch {Case.Batch} | {Case.Shape} | {Facts.Algorithm}";
}

/// <summary>
/// The list of paths of convolutions, and the search for shapes that take them on this CPU. Each strategy appears with each pair
/// of the features that some shape gives it; <see cref="Required"/> says which strategies and features there must be on every
/// CPU.
/// </summary>
internal static class ConvPaths<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private static readonly ConcurrentDictionary<(SimdTier, ConvDirection), (Conv2DShape Shape, ConvFacts Facts)[]> Facts = new();

    /// <summary>
    /// What must be found, whatever the caches: the strategies of each pass, behind each one the features that shapes of it have.
    /// </summary>
    public static IEnumerable<(string Way, string[] Features)> Required(SimdTier tier, ConvDirection direction)
    {
        const string Strips = ConvFacts.Strips, Bands = ConvFacts.Bands, Blocks = ConvFacts.Blocks, Groups = ConvFacts.Groups,
            Phases = ConvFacts.Phases, Slices = ConvFacts.Slices, Image = ConvFacts.Image, Panels = ConvFacts.Panels;
        string[] phases = direction == ConvDirection.InputGradient ? [Phases] : [];
        bool hasVectors = tier != SimdTier.Scalar;
        if (direction == ConvDirection.WeightGradient)
        {
            yield return ("output channels in lanes", [Blocks, Groups, Image, Panels, Strips]);
            yield return ("positions in lanes", [Blocks, Groups, Image, Strips]);
            yield return ("depthwise, 16 lanes", [Groups, Strips]);
            yield return ("depthwise, more than 16 lanes", [Groups, Strips]);
            yield break;
        }

        yield return ("product of matrices", []);
        yield return ("depthwise", [Groups, Strips, .. phases]);
        if (hasVectors)
            yield return ("depthwise, channels in lanes", [Groups, Strips]);
        yield return ("rows in lanes", [Bands, Groups, Image, Panels, Strips]);
        yield return ("output channels in lanes", [Bands, Blocks, Groups, Image, Panels, Slices, Strips, .. phases]);
        yield return ("output channels in lanes, sliding", [Bands, Groups, Panels, .. phases]);
        // Where a register holds one element, nothing is gained by positions in place of output channels.
        if (hasVectors)
        {
            yield return ("positions in lanes, in place", [Bands, Blocks, Groups, Panels, .. phases]);
            yield return ("positions in lanes, packed", [Panels, .. phases]);
            yield return ("positions in lanes, images together", [Bands, Blocks, Groups, Strips, .. phases]);
        }

        if (tier.HasHalf())
            yield return ("output channels in half lanes", [Bands, Groups, Image, Panels, Slices, .. phases]);
    }

    /// <summary>
    /// For each strategy few shapes, of few multiply-adds, that have each pair of its features; other tiers than the best one
    /// have each feature alone in the short run.
    /// </summary>
    public static List<ConvPath> Find(SimdTier tier, ConvDirection direction)
    {
        bool hasPairs = tier == SimdSupport.Best || Effort.IsLong;
        List<ConvPath> paths = [];
        var candidates = Candidates(tier, direction);
        foreach (var way in candidates.GroupBy(candidate => candidate.Facts.Way).OrderBy(way => way.Key, StringComparer.Ordinal))
        {
            (Conv2DShape Shape, ConvFacts Facts, string[] Pairs)[] open =
            [
                .. from candidate in way
                   let batch = BatchOf(candidate.Facts)
                   let work = ConvCandidates.Work(candidate.Shape, batch)
                   where candidate.Facts.Work * batch >= ConvCandidates.LeastWork && work <= ConvCandidates.MostWork
                   orderby work
                   let single = (string[])[candidate.Facts.Way, .. candidate.Facts.Features]
                   select (candidate.Shape, candidate.Facts, hasPairs ? Pairs(candidate.Facts) : single),
            ];
            HashSet<string> missing = [.. open.SelectMany(candidate => candidate.Pairs)];
            while (missing.Count > 0)
            {
                var (shape, facts, pairs) = open.MaxBy(candidate =>
                    candidate.Pairs.Count(missing.Contains) / Math.Sqrt(
                        ConvCandidates.Work(candidate.Shape, BatchOf(candidate.Facts))));
                missing.ExceptWith(pairs);
                paths.Add(Make(facts.ToString(), direction, facts, shape, BatchOf(facts), paths.Count));
            }
        }

        return paths;
    }

    /// <summary>For each strategy a shape that has an item for each of more than 64 threads, by its batch.</summary>
    public static List<ConvPath> FindMany(SimdTier tier, ConvDirection direction)
    {
        const int Images = 71;
        List<ConvPath> paths = [];
        var candidates =
            Candidates(tier, direction, ConvCandidates.LeastWork / (4 * Images), 16 * ConvCandidates.LeastWork / Images);
        foreach (var way in candidates.GroupBy(candidate => candidate.Facts.Way).OrderBy(way => way.Key, StringComparer.Ordinal))
        {
            int batch = way.Key == "positions in lanes, images together" ? 4 * Images : Images;
            var (shape, facts) = way.Where(candidate => candidate.Facts.Work * batch >= ConvCandidates.LeastWork)
                .OrderBy(candidate => ConvCandidates.Work(candidate.Shape, batch)).FirstOrDefault();
            if (shape is not null)
                paths.Add(Make($"{way.Key}, on more than 64 threads", direction, facts, shape, batch, paths.Count));
        }

        return paths;
    }

    /// <summary>
    /// Chunks of the weight gradient: 1 to 16 with each kind of lanes, with groups and without; depthwise up to 64.
    /// </summary>
    public static IEnumerable<(string Way, bool HasGroups, int Chunks)> RequiredChunks()
    {
        foreach (bool hasGroups in (bool[])[false, true])
        {
            foreach (int chunks in (int[])[1, 2, 4, 8, 16])
            {
                yield return ("output channels in lanes", hasGroups, chunks);
                yield return ("positions in lanes", hasGroups, chunks);
            }
        }

        foreach (int chunks in (int[])[1, 2, 4, 8, 16, 32])
        {
            yield return ("depthwise, 16 lanes", true, chunks);
            yield return ("depthwise, more than 16 lanes", true, chunks);
        }
    }

    public static List<ConvPath> FindChunks(SimdTier tier)
    {
        List<ConvPath> paths = [];
        Conv2DShape[] shapes = [.. ConvCandidates.Chunked()];
        foreach ((string way, bool hasGroups, int chunks) in RequiredChunks())
        {
            var found = (from shape in shapes
                         where shape.Groups > 1 == hasGroups
                         from batch in (int[])[1, 3]
                         where new Conv2DPlan<T>(shape).ReductionOrder(batch).Chunks == chunks
                         let work = ConvCandidates.Work(shape, batch)
                         where work >= ConvCandidates.LeastWork
                         orderby work
                         let facts = ConvFacts.Of<T>(tier, shape, ConvAlgorithm.Direct, ConvDirection.WeightGradient)
                         where facts.Way == way
                         select (shape, batch, facts)).FirstOrDefault();
            if (found.shape is not null)
                paths.Add(Make(
                    ChunkName(way, hasGroups, chunks), ConvDirection.WeightGradient, found.facts, found.shape, found.batch,
                    paths.Count));
        }

        return paths;
    }

    public static string ChunkName(string way, bool hasGroups, int chunks) =>
        $"{way}, {(hasGroups ? "groups" : "one group")}, {chunks} chunk(s)";

    public static List<ConvPath> FindWinograd(SimdTier tier, ConvDirection direction)
    {
        List<ConvPath> paths = [];
        (Conv2DShape Shape, int Batch)[] shapes =
        [
            (new Conv2DShape(8, 30, 29, 40, 3, 3).WithPadding(1, 1), 2),
            (new Conv2DShape(40, 30, 29, 8, 3, 3).WithPadding(1, 1), 2),
            (new Conv2DShape(36, 7, 8, 36, 3, 3) { Groups = 2 }.WithPadding(1, 1), 9),
            (new Conv2DShape(8, 13, 14, 6, 3, 3) { Groups = 2, PadTop = 1 }, 71),

            // Blocks of tiles are two registers where the transformed tiles of all channels take half of L2.
            (new Conv2DShape(Math.Min(600, CacheSizes.L2 / 4096), 13, 12, 5, 3, 3).WithPadding(1, 1), 3),
            (new Conv2DShape(5, 13, 12, Math.Min(600, CacheSizes.L2 / 4096), 3, 3).WithPadding(1, 1), 3),
        ];
        foreach ((Conv2DShape shape, int batch) in shapes)
        {
            foreach (ConvAlgorithm algorithm in (ConvAlgorithm[])[ConvAlgorithm.WinogradF2, ConvAlgorithm.WinogradF4])
            {
                ConvFacts facts = ConvFacts.Of<T>(tier, shape, algorithm, direction);
                ConvPath path = Make(facts.ToString(), direction, facts, shape, batch, paths.Count);
                paths.Add(path with { Case = path.Case with { Algorithm = algorithm } });
            }
        }

        return paths;
    }

    /// <summary>
    /// Images innermost: tiles of either width and rows of one output, batches that fill registers and others, several of what
    /// the loops go through.
    /// </summary>
    public static List<ConvPath> FindImages(SimdTier tier, ConvDirection direction)
    {
        // Terms are in blocks where rows of B take more than a quarter of L2.
        int channels = Math.Min(460, (BlockSizes.L2 / 4 / (TierLoops<T>.For(tier).Kernels[0].NR * Unsafe.SizeOf<T>()) / 9) + 2);
        (Conv2DShape Shape, int Batch, LayoutKind Layout)[] shapes =
        [
            (new Conv2DShape(6, 9, 8, 16, 5, 5), 35, LayoutKind.ImagesInnermost),
            (new Conv2DShape(16, 9, 8, 6, 5, 5), 11, LayoutKind.ImagesInnermost),
            (new Conv2DShape(9, 7, 6, 33, 3, 3).WithPadding(1, 1), 37, LayoutKind.SomeOfTheImages),
            (new Conv2DShape(12, 13, 14, 8, 3, 3) { Groups = 2, StrideH = 2, StrideW = 2, PadTop = 1, PadLeft = 2 }, 53,
                LayoutKind.ImagesInnermost),
            (new Conv2DShape(8, 12, 11, 12, 3, 3) { DilationH = 2, DilationW = 3 }.WithPadding(2, 3), 7,
                LayoutKind.SomeOfTheImages),
            (new Conv2DShape(24, 9, 9, 24, 3, 3) { Groups = 24 }.WithPadding(1, 1), 33, LayoutKind.ImagesInnermost),
            (new Conv2DShape(40, 5, 4, 30, 1, 1), 19, LayoutKind.SomeOfTheImages),
            (new Conv2DShape(channels, 6, 5, 3, 3, 3).WithPadding(1, 1), 5, LayoutKind.SomeOfTheImages),
            (new Conv2DShape(3, 6, 5, channels, 3, 3).WithPadding(1, 1), 16, LayoutKind.ImagesInnermost),
            (new Conv2DShape(16, 3, 4, 16, 3, 3).WithPadding(1, 1), 71, LayoutKind.ImagesInnermost),
        ];
        List<ConvPath> paths = [];
        foreach ((Conv2DShape shape, int batch, LayoutKind layout) in shapes)
        {
            ConvPath path = Make("images in lanes", direction, new("images in lanes", [], "", 0), shape, batch, paths.Count);
            ConvCase innermost = path.Case with { Input = layout, Output = layout };
            string algorithm = new ConvRun<T>(innermost).Plan.Algorithm(direction, tier.Run());
            algorithm = algorithm[(algorithm.IndexOf(':', StringComparison.Ordinal) + 2)..];
            paths.Add(path with { Case = innermost, Facts = path.Facts with { Algorithm = algorithm } });
        }

        return paths;
    }

    private static (Conv2DShape Shape, ConvFacts Facts)[] Candidates(SimdTier tier, ConvDirection direction) =>
        Facts.GetOrAdd((tier, direction), _ =>
        Candidates(tier, direction, ConvCandidates.LeastWork / 2, ConvCandidates.MostWork));

    private static (Conv2DShape Shape, ConvFacts Facts)[] Candidates(
        SimdTier tier, ConvDirection direction, long least, long most) =>
        [.. ConvCandidates.All(least, most)
            .Select(shape => (shape, ConvFacts.Of<T>(tier, shape, ConvAlgorithm.Direct, direction)))];

    private static string[] Pairs(ConvFacts facts) =>
    [
        facts.Way, .. facts.Features,
        .. from i in Enumerable.Range(0, facts.Features.Length)
           from j in Enumerable.Range(0, i)
           select $"{facts.Features[j]}, {facts.Features[i]}",
    ];

    /// <summary>More images than a tile takes together, and some left over.</summary>
    private static int BatchOf(ConvFacts facts) => facts.Way == "positions in lanes, images together" ? 5 : 2;

    private static ConvPath Make(string name, ConvDirection direction, ConvFacts facts, Conv2DShape shape, int batch, int seed) =>
        new(name, direction, facts,
            new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0.7, seed % 2 == 0, DataKind.Real, 7 * seed));
}
