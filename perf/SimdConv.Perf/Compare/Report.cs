using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SimdConv.Cli;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Compare;

/// <summary>
/// One peer on one row, as --json writes it. Times are medians; ratio is peer time / ours: above 1, SimdConv is faster. Of quiet
/// and of loud rounds the ratio is there where both were seen.
/// </summary>
internal sealed record ResultRow(
    string Suite, string Network, string Shape, string Type, string Direction, int Threads, string Tier, string Peer,
    double Ms, double PeerMs, double Ratio, double[] Spread, double? PercentOfPeak, double? PercentOfMemory, bool InMean,
    string Layout = "nchw", double? LoudShare = null, double? QuietRatio = null, double? LoudRatio = null)
{
    /// <summary>The suite, the layout where that isn't the peers', and whether runs needn't have the network.</summary>
    [JsonIgnore]
    public string Title => string.Join(' ', new[]
    {
        Suite, Layout == "nchw" ? "" : Layout, ShapeFiles.Networks.Contains(Network) ? ShapeFiles.AllNetworks : "",
    }.Where(word => word.Length > 0));

    /// <summary>Whether SimdConv is at least as fast: the median says so, or the quartiles span 1.</summary>
    public bool IsLevel => Ratio >= 1 || Spread[1] >= 1;
}

/// <summary>Prints rows as they come, and the summary, and writes them as JSON.</summary>
internal sealed class Report(CompareOptions options, double peak, TextWriter output)
{
    public static readonly JsonSerializerOptions JsonFormat = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Fewer rounds of a kind than that say nothing.</summary>
    private const int LeastRounds = 3;

    private readonly List<ResultRow> rows = [];
    private readonly Loudness loudness = new();
    private string suite = "";
    private int shapeWidth;

    public IReadOnlyList<ResultRow> Rows => rows;

    public double Peak => peak;

    public int Disagreements { get; private set; }

    private static string Tier => TierProcess.NameOf(SimdSupport.Best);

    private string Type => options.Type.ToString().ToLowerInvariant();

    private string Layout => options.Layout.ToString().ToLowerInvariant();

    public void BeginSuite(string name, IReadOnlyCollection<Case> cases)
    {
        suite = name;
        shapeWidth = cases.Max(c => c.Shape.Length);
        output.WriteLine();
        Write($"{name} · {Type} · {options.Threads} thread{(options.Threads == 1 ? "" : "s")} · {Tier} · ",
            $"{(options.Layout == ImageOrder.Nchw ? "" : "SimdConv in CHWN, peers in NCHW · ")}FMA peak {peak:F1} GFLOP/s");
        output.WriteLine(
            "ratio = peer's time / SimdConv's, median with quartiles: above 1 SimdConv is faster; * behind, "
            + "median and quartiles below 1");
        output.WriteLine("% peak = rate / that of bare multiply-adds in the same second");
        output.WriteLine("loud = rounds in which the core issued less than 80 % of the instructions for each multiply-add of the "
            + "peak that it was seen to: another thread ran on it");
        output.WriteLine("% mem = time of a plain copy of as many bytes / SimdConv's, where a row is bound by memory");
        Write($"{"shape".PadRight(shapeWidth)}  {"direction",-16} {"ms",10} {"GFLOP/s",8} {"% peak",7} ",
            $"{"GB/s",6} {"% mem",6}  ratios");
    }

    public void Add(Case row, IReadOnlyList<Timing> timings, double[] probes)
    {
        Timing ours = timings[0];
        double seconds = ours.Median;
        double? gflops = row.Flops > 0 ? row.Flops / seconds / 1e9 : null;
        Timing? limit = timings.FirstOrDefault(t => t.Name == PeerSet.Peak);
        double? percent = limit is null ? null : Statistics.Quantile(Ratios(ours, limit), 0.5) * row.Flops / limit.Flops * 100;
        double? gigabytes = row.Traffic.Bytes > 0 ? row.Traffic.Bytes / seconds / 1e9 : null;
        Timing? memory = timings.FirstOrDefault(t => t.Name == PeerSet.Memory);
        double? percentOfMemory = memory is null ? null : Statistics.Quantile(Ratios(ours, memory), 0.5) * 100;
        string line = string.Create(CultureInfo.InvariantCulture,
            $"{row.Shape.PadRight(shapeWidth)}  {row.Direction,-16} {Milliseconds(seconds * row.Scale),10} {gflops,8:F1} "
            + $"{percent,7:F1} {gigabytes,6:F1} {percentOfMemory,6:F0} ");
        bool[] loud = loudness.Of(probes);
        double loudShare = loud.Count(isLoud => isLoud) / (double)loud.Length;
        foreach (Timing peer in timings.Skip(1).Where(t => t != memory && t != limit))
        {
            double[] ratios = Ratios(ours, peer);
            double? quiet = Of(ratios, loud, isLoud: false), inLoud = Of(ratios, loud, isLoud: true);
            double[] spread = [Statistics.Quantile(ratios, 0.25), Statistics.Quantile(ratios, 0.75)];
            ResultRow result = new(
                suite, row.Network, row.Shape, Type, row.Direction, options.Threads, Tier, peer.Name, seconds * row.Scale * 1e3,
                peer.Median * row.Scale * 1e3, Statistics.Quantile(ratios, 0.5), spread, percent, percentOfMemory, row.InMean,
                Layout, loudShare, inLoud is null ? null : quiet, quiet is null ? null : inLoud);
            line += FormattableString.Invariant(
                $" {peer.Name} {result.Ratio:F2}{(result.IsLevel ? "" : "*")} [{spread[0]:F2} {spread[1]:F2}]");
            if (result.LoudRatio is not null)
                line += FormattableString.Invariant($" (quiet {result.QuietRatio:F2}, loud {result.LoudRatio:F2})");
            rows.Add(result);
        }

        if (loudShare > 0)
            line += FormattableString.Invariant($" loud in {loudShare * 100:F0} %");

        output.WriteLine(row.InMean ? line : line + " (not in the mean)");
    }

    public void AddDisagreement(Case row, string what)
    {
        Disagreements++;
        output.WriteLine($"{row.Shape.PadRight(shapeWidth)}  {row.Direction,-16} not timed: {what}");
    }

    public void AddRemark(string remark) => output.WriteLine(remark);

    /// <summary>
    /// For each suite and peer the geometric means of each network and of all, how many rows are level, and the worst one.
    /// </summary>
    public void WriteSummary()
    {
        output.WriteLine();
        Write($"{"suite",-13} {"peer",-11} {"shapes of",-12} {"rows",4} {"mean",6} {"level",5} {"worst",6}");
        foreach (IGrouping<(string Suite, string Peer), ResultRow> group in
            rows.Where(r => r.InMean).GroupBy(r => (r.Suite, r.Peer)))
        {
            IGrouping<string, ResultRow>[] networks = [.. group.GroupBy(r => r.Network)];
            foreach (IGrouping<string, ResultRow> network in networks)
                Summarise(network.Key, [.. network]);
            if (networks.Length > 1)
                Summarise("all", [.. group]);
        }

        Write($"loud: {loudness.Share * 100:F0} % of the rounds");
        if (Disagreements > 0)
            output.WriteLine($"{Disagreements} rows disagree and were not timed");
    }

    private void Summarise(string network, ResultRow[] part)
    {
        ResultRow worst = part.MinBy(r => r.Ratio)!;
        Write($"{worst.Suite,-13} {worst.Peer,-11} {network,-12} {part.Length,4} ",
            $"{Statistics.GeometricMean(part.Select(r => r.Ratio)),6:F2} {part.Count(r => r.IsLevel),5} {worst.Ratio,6:F2} ",
            $"{worst.Shape} {worst.Direction}");
    }

    /// <summary>An array, a row of it a line.</summary>
    public void WriteJson(string path) =>
        OutputFile.WriteText(path,
        $"[\n{string.Join(",\n", rows.Select(row => JsonSerializer.Serialize(row, JsonFormat)))}\n]\n");

    // Round by round, so that what slowed a whole round cancels; a peer with few samples is held against our median.
    private static double[] Ratios(Timing ours, Timing peer) => peer.Seconds.Length == ours.Seconds.Length
        ? [.. peer.Seconds.Zip(ours.Seconds, (theirs, own) => theirs / own)]
        : [.. peer.Seconds.Select(theirs => theirs / ours.Median)];

    /// <summary>The median of the quiet or of the loud rounds; null where there are too few of them.</summary>
    private static double? Of(double[] ratios, bool[] loud, bool isLoud)
    {
        double[] some = [.. ratios.Where((_, i) => i < loud.Length && loud[i] == isLoud)];
        return some.Length < LeastRounds || ratios.Length != loud.Length ? null : Statistics.Quantile(some, 0.5);
    }

    private static string Milliseconds(double seconds) =>
        (seconds * 1e3).ToString(seconds < 1e-4 ? "F6" : "F3", CultureInfo.InvariantCulture);

    private void Write(params FormattableString[] parts) =>
        output.WriteLine(string.Concat(parts.Select(FormattableString.Invariant)));
}
