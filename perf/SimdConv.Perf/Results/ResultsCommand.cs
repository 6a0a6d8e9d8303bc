using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SimdConv.Cli;
using SimdConv.Cli.Data;
using SimdConv.Perf.Bits;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Results;

/// <summary>
/// The command line of <c>results</c>: runs <c>compare</c> for every file of a folder in perf/results, and sums them up.
/// </summary>
internal static class ResultsCommand
{
    /// <summary>What <c>--only</c> takes for a summary without a run.</summary>
    private const string NoRun = "summary";

    private static readonly Option<DirectoryInfo> Out =
        new("--out") { Description = "Folder to write to, one for each CPU", Required = true };
    private static readonly Option<DirectoryInfo?> Data =
        new("--data") { Description = "Folder with the IDX files of Fashion-MNIST, for epoch" };
    private static readonly Option<double> Seconds =
        new("--seconds") { Description = "Time for each suite", DefaultValueFactory = _ => 90 };
    private static readonly Option<string[]> Only = new("--only")
    {
        Description = $"Which runs to make again, conv-2 for one, or {NoRun}; the summary is of all that the folder holds",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<FileInfo?> Readme =
        new("--readme") { Description = "File whose table of results, between two comments, is to be replaced" };

    public static Command Create()
    {
        Command command = new("results",
            "Runs compare on one thread and on two, in AVX2 and in double too, and writes what it prints, JSON, and a summary")
            {
                Out, Data, Seconds, Only, Readme,
            };
        command.SetAction(result => CompareCommand.Guard(() => Run(result)));
        return command;
    }

    private static int Run(ParseResult result)
    {
        DirectoryInfo folder = result.GetRequiredValue(Out);
        string[] only = result.GetValue(Only) ?? [];
        (string Name, string[] Arguments)[] runs = [.. Runs(result.GetValue(Data))];
        if (only.Except(runs.Select(run => run.Name).Concat([BitsCommand.Suite, NoRun])).FirstOrDefault() is { } unknown)
            throw new ArgumentException(
                $"--only: there is no run '{unknown}'; expected some of {string.Join(", ", runs.Select(run => run.Name))}.");
        folder.Create();
        (string table, string picture) = (Path.Combine(folder.FullName, "summary.md"),
            Path.Combine(folder.FullName, "summary.png"));
        OutputFile.RequireWritable([new("--out", table), new("--out", picture),
            new("--readme", result.GetValue(Readme)?.FullName)],
            DigitFiles.FilesOf(result.GetValue(Data)?.FullName).Select(path => new NamedFile("--data", path)));
        foreach ((string name, string[] arguments) in runs.Where(run => only.Length == 0 || only.Contains(run.Name)))
        {
            Console.Error.WriteLine(name);
            string seconds = result.GetValue(Seconds).ToString(CultureInfo.InvariantCulture);
            string json = Path.Combine(folder.ToString(), name + ".json");
            (int exitCode, string printed) = Compare(["compare", .. arguments, "--seconds", seconds, "--json", json]);
            if (exitCode != 0)
                throw new IOException($"compare {string.Join(' ', arguments)} ended with {exitCode}.");
            OutputFile.WriteText(Path.Combine(folder.FullName, name + ".md"), $"```\n{printed}```\n");
        }

        string bits = Path.Combine(folder.FullName, BitsCommand.Suite + ".md");
        if (only.Length == 0 || only.Contains(BitsCommand.Suite))
        {
            (int exitCode, string printed) = Compare(["compare", "--suite", BitsCommand.Suite]);
            if (exitCode != 0)
                throw new IOException($"compare --suite {BitsCommand.Suite} ended with {exitCode}.");
            OutputFile.WriteText(bits, $"```\n{printed}```\n");
        }

        Summary summary = Summary.Read(folder);
        OutputFile.WriteText(table, summary.Table());
        SummaryPlot.Save(summary, picture);
        if (result.GetValue(Readme) is { } readme)
        {
            Summary.Replace(readme.FullName, picture, summary.Table());
            if (File.Exists(bits))
                Summary.ReplaceBits(readme.FullName, File.ReadAllLines(bits).Where(line => line.StartsWith('|')));
        }

        return 0;
    }

    /// <summary>The name of each file, and the options that make it.</summary>
    private static IEnumerable<(string Name, string[] Arguments)> Runs(DirectoryInfo? data)
    {
        foreach (string threads in Environment.ProcessorCount > 1 ? ["1", "2"] : new[] { "1" })
        {
            foreach (string suite in CompareCommand.SuiteNames)
            {
                string[] folder = suite == "epoch" && data is not null ? ["--data", data.ToString()] : [];
                yield return ($"{suite}-{threads}", ["--suite", suite, "--threads", threads, .. folder]);
            }

            foreach (string suite in CompareCommand.LayoutSuites)
                yield return ($"{suite}-{threads}-chwn", ["--suite", suite, "--threads", threads, "--layout", "chwn"]);
        }

        yield return ("network-1-winograd", ["--suite", "network", "--algorithm", "winograd"]);
        yield return ("gemm-1-others", ["--suite", "gemm", "--peers", string.Join(',', PeerSet.Multiplying)]);
        foreach (string suite in new[] { "conv", "gemm" })
            yield return ($"{suite}-1-networks", ["--suite", suite, "--shapes", ShapeFiles.AllNetworks]);
        yield return ("gemm-1-double", ["--suite", "gemm", "--type", "double"]);
        if (SimdSupport.IsAvailable(SimdTier.Avx512))
        {
            foreach (string suite in new[] { "gemm", "conv", "network" })
                yield return ($"{suite}-1-avx2", ["--suite", suite, "--tier", "avx2"]);
        }
    }

    /// <summary>In a process of its own, as a user would.</summary>
    private static (int ExitCode, string Printed) Compare(IEnumerable<string> arguments)
    {
        ProcessStartInfo info = TierProcess.ThisProgram(arguments);
        info.RedirectStandardOutput = true;
        using Process process = Process.Start(info)!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, printed);
    }
}
