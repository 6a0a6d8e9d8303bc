using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using SimdConv.Perf.Compare;

namespace SimdConv.Perf.Benchmarks;

/// <summary>
/// A process for each tier that this CPU has, started with the tier's environment; the best one is the baseline.
/// </summary>
internal sealed class TierConfig : ManualConfig
{
    public TierConfig()
    {
        foreach (SimdTier tier in SimdSupport.Available)
        {
            Job job = Job.Default.WithId(tier.ToString()).WithWarmupCount(5).WithIterationCount(12)
                .WithEnvironmentVariables(
                    [.. TierProcess.Environment(TierProcess.NameOf(tier)).Select(v => new EnvironmentVariable(v.Name, v.Value))]);
            AddJob(tier == SimdSupport.Best ? job.AsBaseline() : job);
        }

        AddLogger(ConsoleLogger.Default);
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddColumn(new RateColumn(), new PeakColumn());
        AddDiagnoser(MemoryDiagnoser.Default);
        AddExporter(MarkdownExporter.GitHub, JsonExporter.Full);
        // The build copies libtorch: two minutes are short on a busy machine.
        BuildTimeout = TimeSpan.FromMinutes(10);
        SummaryStyle = SummaryStyle.Default.WithMaxParameterColumnWidth(120);
        HideColumns(Column.EnvironmentVariables, Column.IterationCount, Column.WarmupCount);
    }
}
