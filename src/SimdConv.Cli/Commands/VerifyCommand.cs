using System.CommandLine;

namespace SimdConv.Cli.Commands;

internal static class VerifyCommand
{
    public static Command Create() => new("verify");
}
