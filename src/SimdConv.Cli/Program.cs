using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using SimdConv.Cli.Commands;
using SimdConv.Cli.Distributed;

namespace SimdConv.Cli;

/// <summary>
/// The <c>simdconv</c> tool. Exit codes: 0 done, 1 verify found a wrong result, 2 bad input, 3 a fault of the tool's own, 130
/// interrupted.
/// </summary>
internal static class Program
{
    private const int BadInput = 2, Fault = 3, Interrupted = 130;

    public static int Main(string[] args)
    {
        try
        {
            // Not a RootCommand, which help would call by the assembly's name.
            Command root = new("simdconv",
                "Convolution kernels in SIMD at work: a LeNet-5 trained on handwritten digits, and checks of this machine.")
            {
                TrainCommand.Create(), EvaluateCommand.Create(), VerifyCommand.Create(), InfoCommand.Create(),
                new HelpOption(), new VersionOption(),
            };

            // No response files: an argument that begins with @ is a file's name like any other.
            ParseResult parsed =
                root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            if (parsed.Action is ParseErrorAction)
                return Report(Describe(parsed), BadInput);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (ReportedException error)
        {
            return error.ExitCode;
        }
        catch (Exception error)
        {
            return Report(error);
        }
    }

    /// <summary>What the process exits with for a failure.</summary>
    public static int ExitCodeOf(Exception error) => error switch
    {
        InputException or OutOfMemoryException => BadInput,
        OperationCanceledException => Interrupted,
        _ => Fault,
    };

    /// <summary>Says in one line what has failed; returns the exit code.</summary>
    public static int Report(Exception error) => Report(error switch
    {
        InputException => error.Message,
        OperationCanceledException => "interrupted; nothing was written.",
        OutOfMemoryException => "there is not enough memory for this; expected smaller sizes.",
        _ => $"unexpected {error.GetType().Name}: {error.Message}",
    }, ExitCodeOf(error));

    private static string Describe(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count > 0
            ? $"'{parsed.UnmatchedTokens[0]}' is no command, option or argument here; "
            + $"'{parsed.CommandResult.Command.Name} --help' lists what is."
            : parsed.Errors[0].Message;

    /// <summary>Prints one line, whatever a file's or argument's content has put into the message.</summary>
    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine("simdconv: " + string.Concat(message.Select(letter => char.IsControl(letter) ? ' ' : letter)));
        return exitCode;
    }
}
