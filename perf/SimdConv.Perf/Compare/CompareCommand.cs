using System.CommandLine;
using System.Diagnostics;
using SimdConv.Cli;
using SimdConv.Cli.Commands;
using SimdConv.Cli.Data;
using SimdConv.Perf.Bits;
using SimdConv.Perf.Suites;
using SimdConv.Samples.OnnxNetwork;

namespace SimdConv.Perf.Compare;

/// <summary>The command line of <c>compare</c>: SimdConv beside its peers in one process.</summary>
internal static class CompareCommand
{
    public const int BadInput = 2;

    public static readonly string[] SuiteNames =
        ["gemm", "conv", "winograd", "conv-backward", "pool", "im2col", "epoch", "network"];

    /// <summary>The suites that take a layout other than NCHW.</summary>
    public static readonly string[] LayoutSuites = ["conv", "conv-backward", "pool"];

    private static readonly Option<string> Suite = OneOf("--suite", "What to compare", [.. SuiteNames, BitsCommand.Suite, "all"],
        "all");
    private static readonly Option<string> Type = OneOf("--type", "Element type", ["float", "double"], "float");
    private static readonly Option<string> Layout = OneOf("--layout",
        $"Layout of SimdConv's images for {string.Join(", ", LayoutSuites)}; peers have NCHW. chwn, images innermost, has "
        + "built-in shapes of its own", ["nchw", "chwn"], "nchw");
    private static readonly Option<string?> Tier =
        OneOf<string?>("--tier", "Instruction-set tier; the best one if left out", TierProcess.Names, null);

    private static readonly Option<int> Threads =
        new("--threads") { Description = "Threads of every participant", DefaultValueFactory = _ => 1 };
    private static readonly Option<string> Peers = new("--peers")
    {
        Description = "Comma-separated list of " + string.Join(", ", PeerSet.Known),
        DefaultValueFactory = _ => string.Join(',', PeerSet.Usual),
    };

    private static readonly Option<string?> Shapes = new("--shapes")
    {
        Description = "File with a shape a line instead of the built-in lists, or names of built-in lists with commas between "
            + $"them; {ShapeFiles.AllNetworks} for {string.Join(", ", ShapeFiles.Networks)}",
    };
    private static readonly Option<DirectoryInfo?> Data = new("--data")
    {
        Description = "Folder with the IDX files of MNIST or Fashion-MNIST, for epoch; the embedded digits if left out",
    };
    private static readonly Option<string?> Net = new("--net") { Description = "Network for epoch, as simdconv train takes it" };
    private static readonly Option<FileInfo?> Model =
        new("--model") { Description = "ONNX file for network; ResNet-18 if left out" };
    private static readonly Option<int?> Batch =
        new("--batch") { Description = "Images of a call of network; 1, 8 and 32 if left out" };
    private static readonly Option<string?> Algorithm = OneOf<string?>("--algorithm",
        "How epoch, conv, conv-backward and network compute what Winograd's algorithm suits; "
        + "winograd for epoch, else direct, if left out",
        ["winograd", "direct"], null);
    private static readonly Option<double> Seconds =
        new("--seconds") { Description = "Time for each suite", DefaultValueFactory = _ => 90 };
    private static readonly Option<FileInfo?> Json = new("--json") { Description = "File to write the rows to" };
    private static readonly Option<FileInfo?> Plot =
        new("--plot") { Description = "PNG file to draw ratios and fractions of peak in" };

    public static Command Create()
    {
        Command command =
            new("compare", "Times SimdConv and its peers in turn on the same data, after checking that their results agree")
        {
            Suite, Layout, Threads, Tier, Type, Peers, Shapes, Data, Net, Model, Batch, Algorithm, Seconds, Json, Plot,
        };
        command.SetAction(result => Guard(() => Run(result)));
        return command;
    }

    /// <summary>Says bad input in one line.</summary>
    public static int Guard(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (Exception e) when (e is ArgumentException or InputException or NetworkException or FormatException
            or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"error: {e.Message.ReplaceLineEndings(" ")}");
            return BadInput;
        }
    }

    private static int Run(ParseResult result)
    {
        if (TierProcess.RunElsewhere(result.GetValue(Tier)) is int exitCode)
            return exitCode;
        if (result.GetValue(Suite) == BitsCommand.Suite)
            return BitsCommand.Run(SplitPeers(result.GetValue(Peers)!), Console.Out);
        ImageOrder layout = Enum.Parse<ImageOrder>(result.GetValue(Layout)!, ignoreCase: true);
        CompareOptions options = new(
            InRange(result.GetValue(Threads), 1, Environment.ProcessorCount, "--threads"),
            Enum.Parse<ElementType>(result.GetValue(Type)!, ignoreCase: true),
            SplitPeers(result.GetValue(Peers)!),
            result.GetValue(Shapes) is { } shapes ? ShapeFiles.Named(shapes)
                : layout == ImageOrder.Chwn ? ShapeFiles.BuiltIn("small-networks") : null,
            result.GetValue(Data),
            InRange(result.GetValue(Seconds), 0.001, 86_400, "--seconds"))
        {
            Layout = layout,
            Net = result.GetValue(Net),
            Model = result.GetValue(Model),
            Batches = result.GetValue(Batch) is { } batch ? [InRange(batch, 1, 1024, "--batch")] : null,
            Algorithm = result.GetValue(Algorithm),
        };
        OutputFile.RequireWritable([new("--json", result.GetValue(Json)?.FullName),
            new("--plot", result.GetValue(Plot)?.FullName)],
            [.. (options.Shapes ?? []).Select(file => new NamedFile("--shapes", file.FullName)),
                new("--net", NetworkSource.FileOf(options.Net)),
                new("--model", options.Model?.FullName),
                .. DigitFiles.FilesOf(options.Data?.FullName).Select(path => new NamedFile("--data", path))]);
        string name = result.GetValue(Suite)!;
        if (layout != ImageOrder.Nchw && name != "all" && !LayoutSuites.Contains(name))
            throw new ArgumentException($"--layout is {result.GetValue(Layout)}; expected nchw for the suite {name}.");
        ISuite[] suites = [.. SuitesOf(options.Type).Where(s =>
            name == s.Name || (name == "all" && (layout == ImageOrder.Nchw || LayoutSuites.Contains(s.Name))))];
        if (suites.Length == 0)
            throw new ArgumentException($"--type is {result.GetValue(Type)}; expected float for the suite {name}.");
        PeerSet peers = new(options.Peers, options.Threads, Console.Error.WriteLine);
        Heading.Write(peers, Console.Out);
        double peak = options.Type == ElementType.Float
            ? FmaPeak.Measure<float>(SimdSupport.Best, options.Threads)
            : FmaPeak.Measure<double>(SimdSupport.Best, options.Threads);
        Report report = new(options, peak, Console.Out);
        bool any = false;
        foreach (ISuite suite in suites)
            any |= RunSuite(suite, options, peers, report);
        if (!any)
            throw new ArgumentException(
                $"--shapes is '{result.GetValue(Shapes)}'; expected a file with shapes for the suite {name}.");
        report.WriteSummary();
        if (result.GetValue(Json) is { } json)
            report.WriteJson(json.FullName);
        if (result.GetValue(Plot) is { } plot && report.Rows.Count > 0)
            ComparePlot.Save(report, plot.FullName);
        return report.Disagreements == 0 ? 0 : 1;
    }

    private static bool RunSuite(ISuite suite, CompareOptions options, PeerSet peers, Report report)
    {
        Case[] cases = [.. suite.Cases(options, peers)];
        if (cases.Length == 0)
            return false;
        report.BeginSuite(suite.Name, cases);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < cases.Length; i++)
        {
            double spare = options.Seconds - Stopwatch.GetElapsedTime(start).TotalSeconds - cases[i..].Sum(LeastSeconds);
            new CaseRun(cases[i], options, report).Run(LeastSeconds(cases[i]) + (spare / (cases.Length - i)), isFirst: i == 0);
        }

        return true;

        // A few calls of a few participants, at half of the peak.
        double LeastSeconds(Case row) => 20 * row.Flops / (report.Peak * 1e9);
    }

    private static IEnumerable<ISuite> SuitesOf(ElementType type) =>
        type == ElementType.Float ? Suites<float>() : Suites<double>();

    private static IEnumerable<ISuite> Suites<T>()
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        yield return new GemmSuite<T>();
        yield return new ConvSuite<T>();
        yield return new WinogradSuite<T>();
        yield return new ConvBackwardSuite<T>();
        yield return new PoolSuite<T>();
        yield return new Im2ColSuite<T>();
        // The tool trains, and networks are read, in float.
        if (typeof(T) == typeof(float))
        {
            yield return new EpochSuite();
            yield return new NetworkSuite();
        }
    }

    private static IReadOnlySet<string> SplitPeers(string list)
    {
        HashSet<string> peers = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        string? unknown = peers.FirstOrDefault(peer => !PeerSet.Known.Contains(peer));
        return unknown is null
            ? peers
            : throw new ArgumentException($"--peers has '{unknown}'; expected {string.Join(", ", PeerSet.Known)}.");
    }

    private static TNumber InRange<TNumber>(TNumber value, TNumber least, TNumber most, string option)
        where TNumber : IComparable<TNumber> => value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? value
            : throw new ArgumentException(FormattableString.Invariant($"{option} is {value}; expected {least} to {most}."));

    private static Option<TValue> OneOf<TValue>(string name, string description, IEnumerable<string> values, TValue defaultValue)
    {
        Option<TValue> option = new(name) { Description = description, DefaultValueFactory = _ => defaultValue };
        option.AcceptOnlyFromAmong([.. values]);
        return option;
    }
}
