using System.Diagnostics;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary>
/// Shows an epoch's progress on standard error: a bar on a terminal, a line now and then elsewhere.
/// </summary>
internal static class TrainingProgress
{
    private static readonly TimeSpan BarPeriod = TimeSpan.FromMilliseconds(100), LinePeriod = TimeSpan.FromSeconds(10);

    /// <summary>Runs one epoch, which reports the images done and the mean loss over them.</summary>
    public static TResult Show<TResult>(string title, int images, Func<Action<int, double>, TResult> epoch)
    {
        if (!Screen.Error.Profile.Capabilities.Interactive)
        {
            return epoch(Throttled(LinePeriod, images, (done, loss, speed) =>
                Console.Error.WriteLine($"{title}  {done} of {images} images, {Describe(loss, speed)}")));
        }

        return Screen.Error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(title, maxValue: images);
                return epoch(Throttled(BarPeriod, images, (done, loss, speed) =>
                {
                    task.Description = $"{title}  {Describe(loss, speed)}";
                    task.Value = done;
                }));
            });
    }

    private static string Describe(double loss, double speed) => $"loss {Screen.Number(loss, "0.0000")}, {Screen.Number(speed, "0")} images/s";

    private static Action<int, double> Throttled(TimeSpan period, int images, Action<int, double, double> show)
    {
        long start = Stopwatch.GetTimestamp(), last = start;
        return (done, loss) =>
        {
            if (done < images && Stopwatch.GetElapsedTime(last) < period)
                return;
            last = Stopwatch.GetTimestamp();
            show(done, loss, done / Stopwatch.GetElapsedTime(start).TotalSeconds);
        };
    }
}
