using ScottPlot;
using ScottPlot.MultiplotLayouts;
using SimdConv.Cli.Networks;
using SimdConv.Cli.Training;
using SkiaSharp;

namespace SimdConv.Cli;

/// <summary>Draws what training did.</summary>
internal static class Plots
{
    private const int Width = 1200, Height = 760, CurvePoints = 400, MostMarkers = 60, MostFilters = 8;

    /// <summary>
    /// One PNG: the loss over the images seen, and below it the first channel of the first convolution's filters, at most eight.
    /// </summary>
    public static void DrawTraining(
        string path, IReadOnlyList<Epoch> epochs, NetworkPlan plan, ReadOnlySpan<float> parameters)
    {
        ChooseFont();
        ConvLayer? conv = plan.Layers.OfType<ConvLayer>().FirstOrDefault();
        int filters = Math.Min(MostFilters, conv?.Shape.K ?? 0);
        Multiplot figure = new();
        figure.AddPlots(1 + filters);
        CustomGrid grid = new();
        DrawLoss(figure.GetPlot(0), epochs);
        grid.Set(figure.GetPlot(0), filters == 0 ? new GridCell(0, 0, 1, 1) : new GridCell(0, 0, 3, 1, 2, 1));
        if (conv is not null)
        {
            ReadOnlySpan<float> weights = parameters.Slice(conv.Weights.Start, conv.Weights.Count);
            int taps = conv.Shape.R * conv.Shape.S;
            double largest = 0;
            for (int k = 0; k < filters; k++)
            {
                foreach (float weight in weights.Slice(k * conv.FanIn, taps))
                    largest = Math.Max(largest, Math.Abs(weight));
            }

            for (int k = 0; k < filters; k++)
            {
                DrawFilter(figure.GetPlot(1 + k), k, weights.Slice(k * conv.FanIn, taps), conv.Shape, largest);
                grid.Set(figure.GetPlot(1 + k), new GridCell(2, k, 3, filters));
            }
        }

        figure.Layout = grid;
        byte[] png = figure.Render(Width, Height).GetImageBytes(ImageFormat.Png);
        OutputFile.Write(path, file => file.Write(png));
    }

    private static void ChooseFont()
    {
        DotFont.UseIfNeeded();
        // Where fonts are few, the default may be one with serifs.
        Fonts.Default = SKFontManager.Default.FontFamilies.FirstOrDefault(family =>
            family.EndsWith(" Sans", StringComparison.Ordinal)) ?? Fonts.Default;
    }

    private static void DrawLoss(Plot plot, IReadOnlyList<Epoch> epochs)
    {
        int images = epochs[0].Curve[^1].Images;
        List<double> at = [], loss = [];
        foreach ((int index, Epoch epoch) in epochs.Index())
        {
            foreach ((int done, double batchLoss) in epoch.Curve)
            {
                at.Add(index + ((double)done / images));
                loss.Add(batchLoss);
            }
        }

        // A mean of neighbouring batches is read more easily than hundreds of single ones.
        int width = Math.Max(1, at.Count / CurvePoints);
        double[] meanAt = [.. at.Chunk(width).Select(part => part.Average())];
        double[] meanLoss = [.. loss.Chunk(width).Select(part => part.Average())];
        ScottPlot.Plottables.Scatter training = plot.Add.Scatter(meanAt, meanLoss, Colors.C0);
        training.MarkerSize = meanAt.Length > MostMarkers ? 0 : 5;
        training.LegendText = width == 1 ? "training, each batch" : $"training, mean of {width} batches";
        training.LineWidth = 2;

        ScottPlot.Plottables.Scatter validation = plot.Add.Scatter(
            Enumerable.Range(1, epochs.Count).Select(i => (double)i).ToArray(),
            epochs.Select(epoch => epoch.Validation.Loss).ToArray(), Colors.C1);
        validation.LegendText = "validation, after each epoch";
        validation.LineWidth = 2;
        validation.MarkerSize = 9;

        plot.Title("cross entropy");
        plot.XLabel("epochs");
        plot.YLabel("loss");
        plot.Axes.SetLimitsX(0, epochs.Count);
        plot.Axes.SetLimitsY(0, 1.05 * Math.Max(meanLoss.Max(), epochs.Max(epoch => epoch.Validation.Loss)));
        plot.ShowLegend(Alignment.UpperRight);
    }

    private static void DrawFilter(Plot plot, int index, ReadOnlySpan<float> weights, Conv2DShape conv, double largest)
    {
        double[,] cells = new double[conv.R, conv.S];
        for (int i = 0; i < weights.Length; i++)
            cells[i / conv.S, i % conv.S] = weights[i];
        ScottPlot.Plottables.Heatmap map = plot.Add.Heatmap(cells);
        map.Colormap = new ScottPlot.Colormaps.Balance();
        // The same colour is the same weight in all filters, and the middle one is zero.
        map.ManualRange = new ScottPlot.Range(-largest, largest);
        plot.Title($"filter {index + 1}", 16);
        plot.HideGrid();
        plot.Axes.Frame(false);
        foreach (IAxis axis in (IAxis[])[plot.Axes.Left, plot.Axes.Right, plot.Axes.Bottom])
            axis.IsVisible = false;
        plot.Axes.SquareUnits();
        plot.Axes.Margins(0.03, 0.03);
    }
}
