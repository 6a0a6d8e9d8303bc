using SimdConv.Cli.Training;

namespace SimdConv.Cli;

internal static class Plots
{
    public static void DrawTraining(string path, IReadOnlyList<Epoch> epochs, ReadOnlySpan<float> parameters)
    {
        _ = path;
        _ = epochs;
        _ = parameters;
    }
}
