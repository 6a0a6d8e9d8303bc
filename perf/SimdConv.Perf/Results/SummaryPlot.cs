using System.Globalization;
using ScottPlot;

namespace SimdConv.Perf.Results;

/// <summary>All ratios at a glance: for each suite and peer a dot a row, and a bar at the geometric mean.</summary>
internal static class SummaryPlot
{
    private const int Width = 1000, Height = 520;
    private const double ColumnWidth = 0.6, Jitter = 0.7;

    private static readonly double[] Ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

    public static void Save(Summary summary, string path)
    {
        Plot plot = new();
        string tier = summary.Rows[0].Tier;
        var columns = summary.Rows.Where(row => row.Type == "float" && row.Tier == tier)
            .GroupBy(row => (row.Suite, row.Peer, row.Threads)).OrderBy(column => column.Key).ToArray();
        foreach ((int x, var column) in columns.Index())
        {
            Color color = column.Key.Threads == 1 ? Colors.SteelBlue : Colors.DarkOrange;
            double[] y = [.. column.Select(row => Math.Log10(row.Ratio))];
            double[] positions = [.. y.Select((_, i) => x + (ColumnWidth * Jitter * (((double)i / Math.Max(1, y.Length - 1)) - 0.5)))];
            var dots = plot.Add.ScatterPoints(positions, y, color.WithAlpha(0.45));
            dots.MarkerSize = 5;
            double mean = y.Average();
            plot.Add.Line(x - (ColumnWidth / 2), mean, x + (ColumnWidth / 2), mean).LineStyle = new LineStyle(3, color);
        }

        plot.Add.HorizontalLine(0, color: Colors.Black);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. Ticks.Select(Math.Log10)], [.. Ticks.Select(tick => tick.ToString(CultureInfo.InvariantCulture))]);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. columns.Select((_, x) => (double)x)], [.. columns.Select(column => $"{column.Key.Suite}\n{column.Key.Peer}\n{column.Key.Threads} thread{(column.Key.Threads == 1 ? "" : "s")}")]);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 9;
        plot.Axes.SetLimitsX(-0.5, columns.Length - 0.5);
        plot.Title($"Time of the peer / time of SimdConv, float, {tier}: above 1 SimdConv is faster; dots are shapes, bars geometric means", 13);
        plot.SavePng(path, Width, Height);
    }
}
