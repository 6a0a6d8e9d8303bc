using System.CommandLine;
using System.Text.Json;
using SimdConv.Cli.Verification;
using Spectre.Console;

namespace SimdConv.Cli.Commands;

/// <summary><c>simdconv verify</c></summary>
internal static class VerifyCommand
{
    private const int MaxShown = 20, MaxReasonText = 200;

    private const long MaxFileBytes = 1 << 24;

    public static Command Create()
    {
        Option<string?> shapes = Options.Path("--shapes", "FILE", "A file of shapes, one a line; # begins a comment.");
        Option<string?> tier = Options.Word("--tier",
            "The instruction set to check, or all that are available. Default: the best one.", [.. Tiers.Names, "all"]);
        Option<int> threads = Options.Threads();
        Option<bool> json = Options.Json();
        Argument<string[]> lines = new("SHAPE")
        {
            Description =
                "n=2,c=16,h=10,w=10,k=16,r=3,s=3,stride=1x1,pad=1x1x1x1,dilation=1x1,groups=1 (height before "
                + "width; pad top, left, bottom, "
                + "right; the last four may be left out). A shape that is impossible is rejected, which is no failure.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = new("verify",
            "Checks the library on this CPU against plain loops, each error within its proven bound: "
            + "convolutions in every direction, "
            + "im2col and col2im of the shapes given; without shapes those of built-in ones, and "
            + "Winograd's algorithm, transposed "
            + "convolutions, products of matrices, pooling and activations too. Convolutions and pooling are checked in NCHW and "
            + "with images innermost (CHWN). Exit code 1 if a check failed.")
            {
                shapes, tier, threads, json, lines,
            };
        command.SetAction(parsed => Run(
            parsed.GetValue(shapes), parsed.GetValue(lines) ?? [], parsed.GetValue(tier), parsed.GetValue(threads),
            parsed.GetValue(json)));
        return command;
    }

    /// <param name="file">Of <c>--shapes</c>.</param>
    /// <param name="arguments">Shapes.</param>
    /// <param name="tier">Of <c>--tier</c>.</param>
    /// <param name="threads">Of <c>--threads</c>.</param>
    /// <param name="asJson">Whether <c>--json</c> is given.</param>
    /// <param name="filter">What results pass through ahead of the comparison, for tests.</param>
    internal static int Run(string? file, string[] arguments, string? tier, int threads, bool asJson,
        IResultFilter? filter = null)
    {
        IReadOnlyList<SimdTier> tiers = tier == "all" ? Tiers.Available() : [Tiers.Resolve(tier)];
        List<string> given = [.. file is null ? [] : ReadLines(file), .. arguments];
        if (file is not null && given.Count == 0)
            throw new InputException($"--shapes is '{file}'; expected a file that holds a shape.");
        List<(ICheckable? Shape, string Text, string Reason)> lines = [];
        foreach (string text in given)
        {
            ShapeLine? line = ShapeLine.TryParse(text, out string reason);
            lines.Add((line, Shorten(text), Shorten(reason)));
        }

        if (given.Count == 0)
            lines.AddRange(BuiltInShapes.All().Select(shape => ((ICheckable?)shape, shape.ToString()!, "")));

        Verifier verifier = new(tiers, threads, filter);
        int passed = Progress.Show("verify", "shapes", lines.Count, report =>
        {
            int held = 0;
            foreach ((int i, (ICheckable? shape, _, _)) in lines.Index())
            {
                if (shape is not null && verifier.Verify(shape))
                    held++;
                report(i + 1);
            }

            return held;
        });
        (string Text, string Reason)[] rejected = [.. lines.Where(line => line.Shape is null).Select(line =>
            (line.Text, line.Reason))];
        PrintSummary(lines.Count, passed, rejected, verifier, tiers, threads);
        if (asJson)
            JsonLine.Print(json => WriteJson(json, lines.Count, passed, rejected, verifier));
        return passed + rejected.Length == lines.Count ? 0 : 1;
    }

    private static IEnumerable<string> ReadLines(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using MemoryStream content = InputFile.ReadAtMost(file, MaxFileBytes)
                ?? throw new InputException(
                    $"--shapes is '{path}', of more than {MaxFileBytes} bytes; expected at most as many.");
            using StreamReader text = new(content);
            return [.. text.ReadToEnd().Split('\n').Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InputException($"--shapes is '{path}', which can't be read: {error.Message}", error);
        }
    }

    private static void PrintSummary(
        int count, int passed, (string Text, string Reason)[] rejected, Verifier verifier, IReadOnlyList<SimdTier> tiers,
        int threads)
    {
        foreach ((string text, string reason) in rejected.Take(MaxShown))
            Console.Out.WriteLine($"rejected {text}: {reason}");
        foreach (Failure failure in verifier.Failures.Take(MaxShown))
            Console.Out.WriteLine(
                $"failed {failure.Shape}, {failure.Direction}, {failure.Type}, {Tiers.NameOf(failure.Tier)}: {failure.Error}");
        int more = Math.Max(0, rejected.Length - MaxShown) + Math.Max(0, verifier.Failures.Count - MaxShown);
        if (more > 0)
            Console.Out.WriteLine($"... and {more} more");

        Table table = Screen.Table("shapes", "passed", "failed", "rejected", "checks", "worst error / bound");
        table.AddCells($"{count}", $"{passed}", $"{count - passed - rejected.Length}", $"{rejected.Length}", $"{verifier.Checks}",
            Screen.Number(verifier.Worst, "0.0000"));
        Screen.Output.Write(table);
        Console.Out.WriteLine($"tiers {string.Join(", ", tiers.Select(Tiers.NameOf))}; threads {threads}; float and double");
    }

    private static void WriteJson(
        Utf8JsonWriter json, int count, int passed, (string Text, string Reason)[] rejected, Verifier verifier)
    {
        json.WriteNumber("shapes", count);
        json.WriteNumber("passed", passed);
        json.WriteNumber("failed", count - passed - rejected.Length);
        json.WriteNumber("rejected", rejected.Length);
        json.WriteNumber("checks", verifier.Checks);
        json.WriteFinite("worst", verifier.Worst);
        json.WriteStartObject("directions");
        foreach ((string direction, int checks) in verifier.Directions)
            json.WriteNumber(direction, checks);
        json.WriteEndObject();
        json.WriteStartArray("rejections");
        foreach ((string text, string reason) in rejected)
        {
            json.WriteStartObject();
            json.WriteString("shape", text);
            json.WriteString("reason", reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("failures");
        foreach (Failure failure in verifier.Failures)
        {
            json.WriteStartObject();
            json.WriteString("shape", failure.Shape);
            json.WriteString("direction", failure.Direction);
            json.WriteString("type", failure.Type);
            json.WriteString("tier", Tiers.NameOf(failure.Tier));
            json.WriteString("error", failure.Error);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Shorten(string text) => text.Length <= MaxReasonText ? text : text[..MaxReasonText] + "...";
}
