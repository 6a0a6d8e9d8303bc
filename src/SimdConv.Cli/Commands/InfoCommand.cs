using System.CommandLine;

namespace SimdConv.Cli.Commands;

internal static class InfoCommand
{
    public static Command Create() => new("info");
}
