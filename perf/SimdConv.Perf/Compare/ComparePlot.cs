using ScottPlot;
using SimdConv.Cli;

namespace SimdConv.Perf.Compare;

/// <summary>Draws the ratios to each peer, and SimdConv's fraction of peak, a column a row of the report.</summary>
internal static class ComparePlot
{
    private const int PanelHeight = 420, ColumnWidth = 26;
    private const float LetterWidth = 6.5f;

    public static void Save(Report report, string path)
    {
        Columns columns = new(report.Rows);
        float labelWidth = columns.Labels.Max(label => label.Length) * LetterWidth;
        Multiplot figure = new();
        figure.AddPlots(2);
        DrawRatios(figure.GetPlot(0), report, columns);
        DrawPeak(figure.GetPlot(1), report, columns);
        foreach (Plot plot in figure.GetPlots())
            Finish(plot, columns, labelWidth);
        int width = Math.Max(700, ColumnWidth * columns.Labels.Count) + (int)labelWidth;
        OutputFile.Write(path, file =>
            file.Write(figure.Render(width, 2 * (PanelHeight + (int)labelWidth)).GetImageBytes(ImageFormat.Png)));
    }

    private static void DrawRatios(Plot plot, Report report, Columns columns)
    {
        foreach (IGrouping<string, ResultRow> peer in report.Rows.GroupBy(row => row.Peer))
        {
            double[] x = [.. peer.Select(columns.PositionOf)];
            double[] y = [.. peer.Select(row => Math.Log10(row.Ratio))];
            ScottPlot.Plottables.Scatter markers = plot.Add.ScatterPoints(x, y);
            markers.LegendText = peer.Key;
            markers.MarkerSize = 8;
            foreach (ResultRow row in peer)
                plot.Add.Line(columns.PositionOf(row), Math.Log10(row.Spread[0]), columns.PositionOf(row),
                    Math.Log10(row.Spread[1])).Color = markers.Color;
        }

        plot.Add.HorizontalLine(0, color: Colors.Black);
        double[] ticks = [0.1, 0.2, 0.5, 0.8, 1, 1.25, 2, 5, 10, 20, 50, 100];
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticks.Select(Math.Log10)],
            [.. ticks.Select(tick => tick.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        plot.ShowLegend(Alignment.UpperLeft);
        plot.Title("Time of the peer / time of SimdConv (above 1: SimdConv is faster)");
    }

    private static void DrawPeak(Plot plot, Report report, Columns columns)
    {
        ResultRow[] rows = [.. report.Rows.Where(row => row.PercentOfPeak is not null).DistinctBy(columns.PositionOf)];
        plot.Add.Bars(rows.Select(columns.PositionOf), rows.Select(row => row.PercentOfPeak!.Value));
        plot.Axes.SetLimitsY(0, 100);
        plot.Title("SimdConv's share of the measured FMA peak, %");
    }

    private static void Finish(Plot plot, Columns columns, float labelWidth)
    {
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. Enumerable.Range(0, columns.Labels.Count).Select(position => (double)position)], [.. columns.Labels]);
        plot.Axes.Bottom.TickLabelStyle.Rotation = -60;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleRight;
        // The labels go down to the left: sine and cosine of their angle.
        plot.Axes.Bottom.MinimumSize = 20 + (0.87f * labelWidth);
        plot.Axes.Left.MinimumSize = 40 + (0.5f * labelWidth);
        plot.Axes.SetLimitsX(-1, columns.Labels.Count);
    }

    /// <summary>A place on the axis for each shape and direction; labels say what differs.</summary>
    private sealed class Columns
    {
        private readonly bool namesSuites, namesDirections;
        private readonly Dictionary<string, int> positions;

        public Columns(IReadOnlyList<ResultRow> rows)
        {
            namesSuites = rows.DistinctBy(row => row.Suite).Count() > 1;
            namesDirections = rows.DistinctBy(row => row.Direction).Count() > 1;
            Labels = [.. rows.Select(Label).Distinct()];
            positions = Labels.Index().ToDictionary(label => label.Item, label => label.Index);
        }

        public IReadOnlyList<string> Labels { get; }

        public double PositionOf(ResultRow row) => positions[Label(row)];

        private string Label(ResultRow row)
        {
            string suite = namesSuites ? row.Suite + " " : "", direction = namesDirections ? row.Direction + " " : "";
            return suite + direction + row.Shape.Replace("=", "").Replace(',', ' ');
        }
    }
}
