using ScottPlot;

namespace SimdConv.Perf.Compare;

/// <summary>Draws the ratios to each peer, and SimdConv's fraction of peak, a column a row of the report.</summary>
internal static class ComparePlot
{
    public static void Save(Report report, string path)
    {
        string[] labels = [.. report.Rows.Select(Label).Distinct()];
        Dictionary<string, int> positions = labels.Index().ToDictionary(label => label.Item, label => label.Index);
        Multiplot figure = new();
        figure.AddPlots(2);
        DrawRatios(figure.GetPlot(0), report, positions);
        DrawPeak(figure.GetPlot(1), report, positions);
        figure.SavePng(path, Math.Max(900, 200 + (28 * labels.Length)), 1500);
    }

    private static string Label(ResultRow row) => $"{row.Suite} {row.Direction} {row.Shape}";

    private static void DrawRatios(Plot plot, Report report, Dictionary<string, int> positions)
    {
        foreach (IGrouping<string, ResultRow> peer in report.Rows.GroupBy(row => row.Peer))
        {
            double[] x = [.. peer.Select(row => (double)positions[Label(row)])];
            double[] y = [.. peer.Select(row => Math.Log10(row.Ratio))];
            ScottPlot.Plottables.Scatter markers = plot.Add.ScatterPoints(x, y);
            markers.LegendText = peer.Key;
            markers.MarkerSize = 8;
            foreach (ResultRow row in peer)
                plot.Add.Line(positions[Label(row)], Math.Log10(row.Spread[0]), positions[Label(row)], Math.Log10(row.Spread[1])).Color = markers.Color;
        }

        plot.Add.HorizontalLine(0, color: Colors.Black);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [-0.7, -0.301, -0.0969, 0, 0.0969, 0.301, 0.699, 1, 2], ["0.2", "0.5", "0.8", "1", "1.25", "2", "5", "10", "100"]);
        plot.ShowLegend();
        Finish(plot, "Time of the peer / time of SimdConv (above 1: SimdConv is faster)", positions);
    }

    private static void DrawPeak(Plot plot, Report report, Dictionary<string, int> positions)
    {
        ResultRow[] rows = [.. report.Rows.Where(row => row.PercentOfPeak is not null).DistinctBy(Label)];
        plot.Add.Bars(rows.Select(row => (double)positions[Label(row)]), rows.Select(row => row.PercentOfPeak!.Value));
        plot.Axes.SetLimitsY(0, 100);
        Finish(plot, "SimdConv's share of the measured FMA peak, %", positions);
    }

    private static void Finish(Plot plot, string title, Dictionary<string, int> positions)
    {
        plot.Title(title);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. positions.Values.Select(position => (double)position)], [.. positions.Keys]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -60;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        plot.Axes.Bottom.MinimumSize = 330;
        plot.Axes.SetLimitsX(-1, positions.Count);
    }
}
