using System.CommandLine;
using BenchmarkDotNet.Running;
using SimdConv.Perf.Benchmarks;
using SimdConv.Perf.Bits;
using SimdConv.Perf.Compare;
using SimdConv.Perf.Fuzz;
using SimdConv.Perf.Results;
using SimdConv.Perf.Suites;

// The process that the suite network starts to see a first result: nothing else is done ahead of it.
if (args is ["first-result", .. { Length: 4 } rest])
    return FirstResultCommand.Run(rest);

// Everything but these commands is BenchmarkDotNet's: --list flat, --filter '*Gemm*', and so on.
if (args is ["compare" or "results" or "fuzz" or "exchange" or "bits-run", ..] or ["-h" or "--help" or "-?"])
{
    ParseResult parsed = new RootCommand(
        "SimdConv's benchmarks: 'compare' beside the peers, 'results' for all of its suites, 'fuzz' for random shapes, "
        + "'exchange' under mpirun, or BenchmarkDotNet's options (--filter, --list flat, ...)")
    {
        CompareCommand.Create(),
        ResultsCommand.Create(),
        FuzzCommand.Create(),
        ExchangeCommand.Create(),
        BitsCommand.CreateRun(),
    }.Parse(args);
    if (parsed.Errors.Count == 0)
        return parsed.Invoke();
    Console.Error.WriteLine($"error: {parsed.Errors[0].Message.ReplaceLineEndings(" ").Trim()}");
    return CompareCommand.BadInput;
}

BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, new TierConfig());
return 0;
