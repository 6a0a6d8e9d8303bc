using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace SimdConv.Tests.Diagnostics;

/// <summary>
/// What a host sees that listens to the library's meter and event source. Other tests run meanwhile, so counts are least ones.
/// </summary>
public sealed class TelemetryTests
{
    [Fact]
    public void TheMeterCountsCallsAndWorkspace()
    {
        ConcurrentDictionary<string, long> read = new();
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "SimdConv")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string name = instrument.Name;
            foreach ((string _, object? tag) in tags)
                name += " " + tag;
            read[name] = value;
        });
        listener.Start();

        // The first reading begins the count; the library makes its meter when it is first used, on another thread.
        Work();
        Assert.True(
            SpinWait.SpinUntil(() => Read().ContainsKey("simdconv.workspace"), TimeSpan.FromSeconds(30)), "there is no meter");
        long before = Calls("Gemm");
        for (int i = 0; i < 10; i++)
            Work();
        Read();
        Assert.InRange(Calls("Gemm") - before, 10, long.MaxValue);
        foreach (string operation in
            (string[])
            [
                "ConvForward", "ConvInputGradient", "ConvWeightGradient", "Pool", "PoolBackward", "Im2Col", "Col2Im",
                "Elementwise", "ImageCopy", "OrderedSum",
            ])
            Assert.InRange(Calls(operation), 10, long.MaxValue);
        Assert.InRange(read["simdconv.workspace"], 1, long.MaxValue);

        ConcurrentDictionary<string, long> Read()
        {
            listener.RecordObservableInstruments();
            return read;
        }

        long Calls(string operation) => read.GetValueOrDefault($"simdconv.calls {operation} {SimdSupport.Best} Single");
    }

    [Fact]
    public void TheEventSourceTellsTheKernelOfEachCall()
    {
        Work();
        using Listener listener = new();
        Assert.True(SpinWait.SpinUntil(() => listener.IsListening, TimeSpan.FromSeconds(30)), "there is no event source");
        Work();
        Assert.Contains(listener.Events,
            e => e is ["Gemm", "1 of 20 x 30 x 40", var kernel]
            && kernel.StartsWith($"{SimdSupport.Best} Single: ", StringComparison.Ordinal));
        Assert.Contains(listener.Events,
            e => e is ["ConvForward", var shape, var kernel] && shape.StartsWith("2 of ", StringComparison.Ordinal)
            && kernel.Contains("tile", StringComparison.Ordinal));
        Thread thread = new(Work);
        thread.Start();
        thread.Join();
        Assert.Contains(listener.Events,
            e => e is [_, _] && long.Parse(e[0], System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    /// <summary>Each operation once, in shapes that no other test has.</summary>
    private static void Work()
    {
        float[] a = new float[20 * 40], b = new float[40 * 30], c = new float[20 * 30];
        SimdConv.Gemm.Multiply<float>(20, 30, 40, a, b, c);
        Conv2DShape shape = new(3, 11, 13, 5, 3, 3);
        Conv2DPlan<float> plan = new(shape);
        float[] x = new float[plan.InputLength(2)], w = new float[shape.WeightCount], y = new float[plan.OutputLength(2)];
        plan.Forward(2, x, w, y);
        plan.InputGradient(2, y, w, x);
        plan.WeightGradient(2, x, y, w);
        Pool2DPlan<float> pool = new(new Pool2DShape(3, 11, 13, 2, 2), PoolKind.Average);
        float[] pooled = new float[pool.OutputLength(2)];
        pool.Forward(2, x, pooled);
        pool.Backward(2, pooled, x);
        IndexTable table = new(shape);
        float[] columns = new float[2 * table.Rows * table.Columns];
        SimdConv.Im2Col.Unfold<float>(table, 2, x, columns, ColumnLayout.PerImage(table));
        Col2Im.Fold<float>(table, 2, columns, ColumnLayout.PerImage(table), x);
        SimdConv.Elementwise.Relu<float>(x, x);
        Images.Copy<float>(2, 3, 11, 13, new float[2 * 3 * 11 * 13], ImageLayout.Nchw(3, 11, 13), x,
            ImageLayout.Chwn(3, 11, 13, 2));
        OrderedSum.Add<float>(2, 100, new float[200]);
    }

    private sealed class Listener : EventListener
    {
        public ConcurrentQueue<string[]> Events { get; } = new();

        public bool IsListening { get; private set; }

        protected override void OnEventSourceCreated(EventSource source)
        {
            if (source.Name != "SimdConv")
                return;
            EnableEvents(source, EventLevel.Verbose);
            IsListening = true;
        }

        protected override void OnEventWritten(EventWrittenEventArgs e)
        {
            if (e.EventSource.Name == "SimdConv")
                Events.Enqueue([.. e.Payload!.Select(value => $"{value}")]);
        }
    }
}
