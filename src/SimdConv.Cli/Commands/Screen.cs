using System.Globalization;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary>Tables for people on standard output; standard error's console for progress.</summary>
internal static class Screen
{
    private const int PlainWidth = 120;

    public static IAnsiConsole Output { get; } = Create(Console.Out, Console.IsOutputRedirected);

    public static IAnsiConsole Error { get; } = Create(Console.Error, Console.IsErrorRedirected);

    public static Table Table(params ReadOnlySpan<string> columns)
    {
        Table table = new() { Border = TableBorder.Rounded };
        foreach (string column in columns)
            table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap().RightAligned());
        return table;
    }

    public static void AddCells(this Table table, params IEnumerable<string> cells) =>
        table.AddRow([.. cells.Select(cell => new Text(cell))]);

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    public static string Percent(double share) => Number(100 * share, "0.00") + " %";

    private static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
            console.Profile.Width = PlainWidth;
        return console;
    }
}
