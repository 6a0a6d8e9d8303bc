using System.Collections.Concurrent;
using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using SimdConv.Perf.Suites;

namespace SimdConv.Perf.Benchmarks;

/// <summary>A column computed from the arithmetic of a call and its mean time.</summary>
internal abstract class FlopsColumn(string name, string legend) : IColumn
{
    public string Id => GetType().Name;

    public string ColumnName => name;

    public string Legend => legend;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        double flops = benchmarkCase.Parameters.Items.Select(p => p.Value).OfType<IWork>()
            .FirstOrDefault()?.FlopsIn(TierOf(benchmarkCase)) ?? 0;
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Mean;
        return flops > 0 && nanoseconds > 0
            ? Value(benchmarkCase, flops / nanoseconds.Value).ToString("F1", CultureInfo.InvariantCulture)
            : "-";
    }

    protected static SimdTier TierOf(BenchmarkCase benchmarkCase) =>
        Enum.TryParse(benchmarkCase.Job.Id, out SimdTier tier) ? tier : SimdSupport.Best;

    protected abstract double Value(BenchmarkCase benchmarkCase, double gflops);
}

internal sealed class RateColumn() : FlopsColumn("GFLOP/s", "Multiplications and additions in a nanosecond")
{
    protected override double Value(BenchmarkCase benchmarkCase, double gflops) => gflops;
}

internal sealed class PeakColumn()
    : FlopsColumn("% peak", "Share of the FMA peak of one core in the tier's registers, measured here")
{
    private static readonly ConcurrentDictionary<(bool IsDouble, SimdTier Tier), double> Peaks = new();

    protected override double Value(BenchmarkCase benchmarkCase, double gflops)
    {
        bool isDouble = benchmarkCase.Descriptor.Type.GenericTypeArguments.Contains(typeof(double));
        return gflops / Peaks.GetOrAdd((isDouble, TierOf(benchmarkCase)),
            key => key.IsDouble ? FmaPeak.Measure<double>(key.Tier) : FmaPeak.Measure<float>(key.Tier)) * 100;
    }
}
