using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Fuzz;

/// <summary>A line for each shape as it comes, and then what is worst.</summary>
internal sealed class FuzzReport(TextWriter output)
{
    private const int Worst = 25;

    private readonly List<FuzzRow> rows = [];

    public void Add(FuzzRow row)
    {
        rows.Add(row);
        output.WriteLine(FormattableString.Invariant(
            $"{row.Ratio:F2} {row.Flops / row.Seconds / 1e9,6:F1} GFLOP/s {row.Kind}: {row.Shape} ")
            + string.Join(' ', row.Peers.Select(peer =>
                FormattableString.Invariant($"{peer.Name} {peer.Seconds / row.Seconds:F2}")))
            + (row.Best < 0.95 ? FormattableString.Invariant($" best strategy {row.Best:F2}") : ""));
    }

    public void WriteSummary()
    {
        output.WriteLine();
        foreach (string peer in rows.SelectMany(row => row.Peers.Select(each => each.Name)).Distinct())
        {
            double[] ratios = [.. rows.SelectMany(row =>
                row.Peers.Where(each => each.Name == peer).Select(each => each.Seconds / row.Seconds))];
            output.WriteLine(FormattableString.Invariant(
                $"{peer}: mean {Statistics.GeometricMean(ratios):F2} over {ratios.Length}, {ratios.Count(r => r >= 1)} level, ")
                + FormattableString.Invariant($"{ratios.Count(r => r < 0.8)} below 0.8, worst {ratios.Min():F2}"));
        }

        FuzzRow[] dense = [.. rows.Where(row => row.Strategies.Length > 0)];
        if (dense.Length > 0)
            output.WriteLine($"chosen within 5 % of the best strategy: {dense.Count(row => row.Best >= 0.95)} of {dense.Length}");
        output.WriteLine("kinds, by the fastest peer:");
        foreach (IGrouping<string, FuzzRow> kind in rows.GroupBy(row => row.Kind).OrderBy(kind => Mean(kind)))
            output.WriteLine(FormattableString.Invariant(
                $"  {kind.Key,-18} mean {Mean(kind):F2} over {kind.Count()}, worst {kind.Min(row => row.Ratio):F2}"));
        output.WriteLine("worst beside the peers:");
        foreach (FuzzRow row in rows.OrderBy(row => row.Ratio).Take(Worst))
            Write(row, row.Ratio);
        output.WriteLine("strategies that could be better:");
        foreach (FuzzRow row in dense.Where(row => row.Best < 0.95).OrderBy(row => row.Best).Take(Worst))
            Write(row, row.Best);

        static double Mean(IEnumerable<FuzzRow> kind) => Statistics.GeometricMean(kind.Select(row => row.Ratio));
    }

    private void Write(FuzzRow row, double figure)
    {
        output.WriteLine(FormattableString.Invariant($"  {figure:F2} {row.Kind}: {row.Shape}"));
        if (row.Chosen.Length > 0)
            output.WriteLine($"       chosen: {row.Chosen}");
        if (row.Strategies.Length > 0 && row.Best < 0.95)
            output.WriteLine(FormattableString.Invariant(
                $"       best {row.Best:F2}: {row.Strategies.MinBy(strategy => strategy.Seconds).Name}"));
    }
}
