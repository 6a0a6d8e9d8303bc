using System.Numerics;
using SimdConv.Loops;

namespace SimdConv.Tests.Paths;

/// <summary>How one pass of a convolution is run in one tier, read from its schedule.</summary>
/// <param name="Way">The strategy.</param>
/// <param name="Features">What there are several of: strips, bands, slices, blocks, groups, phases.</param>
/// <param name="Algorithm">What the plan says of it.</param>
/// <param name="Work">Multiply-adds of one image by which the loops decide whether a second thread pays.</param>
internal sealed record ConvFacts(string Way, string[] Features, string Algorithm, long Work)
{
    public const string Strips = "strips", Bands = "bands", Blocks = "blocks of channels", Groups = "groups", Phases = "phases",
        Slices = "slices of a band", Image = "image in place", Panels = "panels";

    public override string ToString() => Features.Length == 0 ? Way : $"{Way}, {string.Join(", ", Features)}";

    public bool Has(string way, string[] features) =>
        Way == way && Array.TrueForAll(features, feature => Features.Contains(feature));

    public static ConvFacts Of<T>(SimdTier tier, Conv2DShape s, ConvAlgorithm algorithm, ConvDirection direction)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TierLoops<T> loops = TierLoops<T>.For(tier);
        ImageLayout x = ImageLayout.Nchw(s.C, s.H, s.W), y = ImageLayout.Nchw(s.K, s.P, s.Q);
        List<string> features = [];
        if (s.Groups > 1)
            features.Add(Groups);
        if (direction == ConvDirection.WeightGradient)
            return OfWeightGradient<T>(loops, s, x, features);
        bool isForward = direction == ConvDirection.Forward;
        ConvPass<T> pass = loops.Pass(s, algorithm, direction, isForward ? x : y, isForward ? y : x);
        if (pass is not DensePass<T> dense)
        {
            string text = pass.ToString()!;
            if (text.StartsWith("depthwise", StringComparison.Ordinal))
            {
                if (!text.Contains(" 1 strip(s)", StringComparison.Ordinal))
                    features.Add(Strips);
                if (text.EndsWith(" phase(s)", StringComparison.Ordinal)
                    && !text.EndsWith(", 1 phase(s)", StringComparison.Ordinal))
                    features.Add(Phases);
            }

            return new(
                text.Contains("output channels in lanes", StringComparison.Ordinal) ? text[..13] + ", output channels in lanes"
                : text.StartsWith("depthwise, channels", StringComparison.Ordinal) ? "depthwise, channels in lanes"
                : text.StartsWith("Winograd", StringComparison.Ordinal) ? text[..13]
                : text.Split(',')[0],
                [.. features],
                text,
                text.StartsWith("product", StringComparison.Ordinal) ? ConvCandidates.Work(s, 1) / 2 : ConvCandidates.Work(s, 1));
        }

        ConvStrategy strategy = dense.Strategies.MaxBy(some => some.Grid.Taps * some.Grid.Height * some.Grid.Width)!;
        if (dense.Strategies.Length > 1 || strategy.Grid.Phases > 1)
            features.Add(Phases);
        if (strategy.Strips > 1)
            features.Add(Strips);
        if (strategy.Bands.Length > 1)
            features.Add(Bands);
        if (Array.Exists(strategy.Bands, band => band.Slices.Length > 1))
            features.Add(Slices);
        if (strategy.Blocks > 1)
            features.Add(Blocks);
        if (strategy.Panels.Count > 1)
            features.Add(Panels);
        if (strategy.Layout.IsImage)
            features.Add(Image);
        string way = strategy switch
        {
            OutputsInLanes { Tile.IsHalf: true } => "output channels in half lanes",
            OutputsInLanes { Tile.Slides: > 0 } => $"{strategy.Name}, sliding",
            PositionsInLanes { Together: > 1 } => $"{strategy.Name}, images together",
            PositionsInLanes positions => $"{strategy.Name}, {(positions.IsInPlace ? "in place" : "packed")}",
            _ => strategy.Name,
        };
        return new(way, [.. features], pass.ToString()!,
            dense.Strategies.Sum(each => s.Groups * each.FilterSize * each.Grid.Height * each.Grid.Width));
    }

    private static ConvFacts OfWeightGradient<T>(TierLoops<T> loops, Conv2DShape s, ImageLayout x, List<string> features)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (DepthwiseWeightGradientSchedule.Suits(s))
        {
            DepthwiseWeightGradientSchedule planes = new(s, System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
            if (planes.Layout.Strips > 1)
                features.Add(Strips);
            string lanes = planes.Lanes > WeightGradientSchedule.MostLanes ? "more than 16 lanes" : "16 lanes";
            return new($"depthwise, {lanes}", [.. features], planes.ToString(), ConvCandidates.Work(s, 1));
        }

        int register = loops.Kernels[0].NR / 2;
        WeightGradientSchedule schedule = new(s, x, register, System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
        if (schedule.Layout.Rows < s.P)
            features.Add(Strips);
        if (schedule.ChannelBlock < schedule.Channels)
            features.Add(Blocks);
        if (schedule.OutputBlock < schedule.Outputs)
            features.Add(Panels);
        if (schedule.Layout.IsImage)
            features.Add(Image);
        string way = WeightGradientSchedule.Lanes(s) == 1 ? "output channels in lanes" : "positions in lanes";
        return new(way, [.. features], schedule.ToString(), ConvCandidates.Work(s, 1));
    }
}
