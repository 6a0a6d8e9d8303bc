using System.Globalization;
using ScottPlot;
using SimdConv.Cli;

namespace SimdConv.Perf.Results;

/// <summary>All ratios at a glance: for each suite and peer a dot a row, and a bar at the geometric mean.</summary>
internal static class SummaryPlot
{
    private const int Margin = 70, WidthOfPeer = 70, Height = 520;
    private const double ColumnWidth = 0.6, Jitter = 0.7, Gap = 1;

    private static readonly double[] Ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

    public static void Save(Summary summary, string path)
    {
        Plot plot = new();
        // The machine's best tier: every suite is run in it, few in another one.
        string tier = summary.Rows.CountBy(row => row.Tier).MaxBy(rows => rows.Value).Key;
        var columns = summary.Rows.Where(row => row.Type == "float" && row.Tier == tier)
            .GroupBy(row => (row.Title, row.Peer, row.Threads)).OrderBy(column => column.Key).ToArray();

        // A peer's columns lie closer together than those of two peers, whose labels take room.
        double[] places = [.. columns.Select((column, i) =>
            i + (Gap * columns.Take(i + 1).Select(each => (each.Key.Title, each.Key.Peer)).Distinct().Count()))];
        foreach ((int i, var column) in columns.Index())
        {
            double x = places[i];
            Color color = column.Key.Threads == 1 ? Colors.SteelBlue : Colors.DarkOrange;
            double[] y = [.. column.Select(row => Math.Log10(row.Ratio))];
            double[] positions =
                [.. y.Select((_, j) => x + (ColumnWidth * Jitter * (((double)j / Math.Max(1, y.Length - 1)) - 0.5)))];
            var dots = plot.Add.ScatterPoints(positions, y, color.WithAlpha(0.45));
            dots.MarkerSize = 5;
            double mean = y.Average();
            plot.Add.Line(x - (ColumnWidth / 2), mean, x + (ColumnWidth / 2), mean).LineStyle = new LineStyle(3, color);
        }

        plot.Add.HorizontalLine(0, color: Colors.Black);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. Ticks.Select(Math.Log10)], [.. Ticks.Select(tick => tick.ToString(CultureInfo.InvariantCulture))]);
        var labels = columns.Index().GroupBy(column => (column.Item.Key.Title, column.Item.Key.Peer)).ToArray();
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. labels.Select(label => label.Average(column => places[column.Index]))],
            [.. labels.Select(label => $"{label.Key.Title.Replace(' ', '\n')}\n{label.Key.Peer}")]);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 9;
        plot.Axes.SetLimitsX(places[0] - 1, places[^1] + 1);
        plot.Title(
            $"Time of the peer / time of SimdConv, float, {tier}, on one thread (blue) and more (orange): above 1 SimdConv is "
            + "faster; bars are geometric means", 12);
        int width = Margin + (WidthOfPeer * labels.Length);
        OutputFile.Write(path, file => file.Write(plot.GetImage(width, Height).GetImageBytes(ImageFormat.Png)));
    }
}
