using System.Diagnostics;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary>
/// Shows how far long work has come on standard error: a bar on a terminal, a line now and then elsewhere.
/// </summary>
internal static class Progress
{
    private static readonly TimeSpan BarPeriod = TimeSpan.FromMilliseconds(100), LinePeriod = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What the work reports: how much of it is done, and a note on it that is only asked for when it is shown.
    /// </summary>
    public delegate void Report(int done, Func<string>? note = null);

    public static TResult Show<TResult>(string title, string unit, int total, Func<Report, TResult> work)
    {
        if (!Screen.Error.Profile.Capabilities.Interactive)
            return work(
                Throttled(LinePeriod, (done, note) => Console.Error.WriteLine($"{title}  {done} of {total} {unit}{note}")));

        return Screen.Error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: total);
                return work(Throttled(BarPeriod, (done, note) =>
                {
                    task.Description = Markup.Escape(title + note);
                    task.Value = done;
                }));
            });
    }

    private static Report Throttled(TimeSpan period, Action<int, string> show)
    {
        long last = Stopwatch.GetTimestamp();
        return (done, note) =>
        {
            if (Stopwatch.GetElapsedTime(last) < period)
                return;
            last = Stopwatch.GetTimestamp();
            show(done, note is null ? "" : $", {note()}");
        };
    }
}
