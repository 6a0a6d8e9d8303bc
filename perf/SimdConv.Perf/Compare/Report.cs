using System.Globalization;
using System.Text.Json;

namespace SimdConv.Perf.Compare;

/// <summary>One peer on one row, as --json writes it. Times are medians; ratio is peer time / ours: above 1, SimdConv is faster.</summary>
internal sealed record ResultRow(
    string Suite, string Shape, string Type, string Direction, int Threads, string Tier, string Peer,
    double Ms, double PeerMs, double Ratio, double[] Spread, double? PercentOfPeak, bool InMean);

/// <summary>Prints rows as they come, and the summary, and writes them as JSON.</summary>
internal sealed class Report(CompareOptions options, double peak, TextWriter output)
{
    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    private readonly List<ResultRow> rows = [];
    private string suite = "";
    private int shapeWidth;

    public IReadOnlyList<ResultRow> Rows => rows;

    public int Disagreements { get; private set; }

    private static string Tier => TierProcess.NameOf(SimdSupport.Best);

    private string Type => options.Type.ToString().ToLowerInvariant();

    public void BeginSuite(string name, IReadOnlyCollection<Case> cases)
    {
        suite = name;
        shapeWidth = cases.Max(c => c.Shape.Length);
        output.WriteLine();
        Write($"{name} · {Type} · {options.Threads} thread{(options.Threads == 1 ? "" : "s")} · {Tier} · FMA peak {peak:F1} GFLOP/s");
        output.WriteLine("ratio = peer's time / SimdConv's, median with quartiles; above 1 SimdConv is faster");
        Write($"{"shape".PadRight(shapeWidth)}  {"direction",-16} {"ms",10} {"rate",13} {"% peak",7}  ratios");
    }

    public void Add(Case row, IReadOnlyList<Timing> timings)
    {
        Timing ours = timings[0];
        double seconds = ours.Median;
        double? percent = row.Flops > 0 ? row.Flops / seconds / 1e9 / peak * 100 : null;
        string rate = row.Flops > 0
            ? FormattableString.Invariant($"{row.Flops / seconds / 1e9:F1} GFLOP/s")
            : FormattableString.Invariant($"{row.Bytes / seconds / 1e9:F1} GB/s");
        string line = FormattableString.Invariant(
            $"{row.Shape.PadRight(shapeWidth)}  {row.Direction,-16} {Milliseconds(seconds * row.Scale),10} {rate,13} {percent,7:F1} ");
        foreach (Timing peer in timings.Skip(1))
        {
            double[] ratios = Ratios(ours, peer);
            double[] spread = [Statistics.Quantile(ratios, 0.25), Statistics.Quantile(ratios, 0.75)];
            double ratio = Statistics.Quantile(ratios, 0.5);
            line += FormattableString.Invariant($" {peer.Name} {ratio:F2} [{spread[0]:F2} {spread[1]:F2}]");
            rows.Add(new ResultRow(suite, row.Shape, Type, row.Direction, options.Threads, Tier, peer.Name, seconds * row.Scale * 1e3,
                peer.Median * row.Scale * 1e3, ratio, spread, percent, row.InMean));
        }

        output.WriteLine(row.InMean ? line : line + " (not in the mean)");
    }

    public void AddDisagreement(Case row, string what)
    {
        Disagreements++;
        output.WriteLine($"{row.Shape.PadRight(shapeWidth)}  {row.Direction,-16} not timed: {what}");
    }

    public void WriteSummary()
    {
        output.WriteLine();
        foreach (IGrouping<(string Suite, string Peer), ResultRow> group in rows.Where(r => r.InMean).GroupBy(r => (r.Suite, r.Peer)))
        {
            ResultRow worst = group.MinBy(r => r.Ratio)!;
            Write($"{group.Key.Suite} / {group.Key.Peer}: geometric mean {Statistics.GeometricMean(group.Select(r => r.Ratio)):F2} over {group.Count()} rows, worst {worst.Ratio:F2} ({worst.Shape}, {worst.Direction})");
        }

        if (Disagreements > 0)
            output.WriteLine($"{Disagreements} rows disagree and were not timed");
    }

    public void WriteJson(string path) => File.WriteAllText(path, JsonSerializer.Serialize(rows, JsonFormat) + "\n");

    // Round by round, so that what slowed a whole round cancels; a peer with few samples is held against our median.
    private static double[] Ratios(Timing ours, Timing peer) => peer.Seconds.Length == ours.Seconds.Length
        ? [.. peer.Seconds.Zip(ours.Seconds, (theirs, own) => theirs / own)]
        : [.. peer.Seconds.Select(theirs => theirs / ours.Median)];

    private static string Milliseconds(double seconds) => (seconds * 1e3).ToString(seconds < 1e-4 ? "F6" : "F3", CultureInfo.InvariantCulture);

    private void Write(FormattableString line) => output.WriteLine(FormattableString.Invariant(line));
}
