using System.CommandLine;
using BenchmarkDotNet.Running;
using SimdConv.Perf.Benchmarks;
using SimdConv.Perf.Compare;

// Everything but compare is BenchmarkDotNet's: --list flat, --filter '*Gemm*', and so on.
if (args is ["compare", ..] or ["-h" or "--help" or "-?"])
    return new RootCommand("SimdConv's benchmarks: 'compare' beside the peers, or BenchmarkDotNet's options (--filter, --list flat, ...)") { CompareCommand.Create() }.Parse(args).Invoke();
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, new TierConfig());
return 0;
