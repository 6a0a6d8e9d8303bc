using System.CommandLine;
using System.CommandLine.Invocation;
using SimdConv.Cli.Commands;

namespace SimdConv.Cli;

/// <summary>The <c>simdconv</c> tool. Exit codes: 0 done, 1 verify found a wrong result, 2 bad input, 3 a fault of the tool's own.</summary>
internal static class Program
{
    private const int BadInput = 2, Fault = 3;

    public static int Main(string[] args)
    {
        try
        {
            RootCommand root = new("Convolution kernels in SIMD at work: a LeNet-5 trained on handwritten digits, and checks of this machine.");
            root.Subcommands.Add(TrainCommand.Create());
            root.Subcommands.Add(EvaluateCommand.Create());
            root.Subcommands.Add(VerifyCommand.Create());
            root.Subcommands.Add(InfoCommand.Create());

            // No response files: an argument that begins with @ is a file's name like any other.
            ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            if (parsed.Action is ParseErrorAction)
                return Report(parsed.Errors[0].Message, BadInput);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (InputException error)
        {
            return Report(error.Message, BadInput);
        }
        catch (OutOfMemoryException)
        {
            return Report("there is not enough memory for this; expected smaller sizes.", BadInput);
        }
        catch (Exception error)
        {
            return Report($"unexpected {error.GetType().Name}: {error.Message}", Fault);
        }
    }

    /// <summary>Prints one line, whatever a file's or argument's content has put into the message.</summary>
    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine("simdconv: " + string.Concat(message.Select(letter => char.IsControl(letter) ? ' ' : letter)));
        return exitCode;
    }
}
