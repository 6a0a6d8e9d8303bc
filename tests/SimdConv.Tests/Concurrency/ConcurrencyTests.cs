using System.Runtime.CompilerServices;
using SimdConv.Tests.Conv;
using SimdConv.Tests.Generators;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Concurrency;

/// <summary>
/// Many callers, hosts' schedulers, small stacks, collections in between: the results of a single thread, bit for bit.
/// </summary>
public sealed class ConcurrencyTests
{
    private static readonly ConvCase[] Cases =
    [
        Case(new Conv2DShape(8, 20, 20, 16, 3, 3).WithPadding(1, 1), 4),
        Case(new Conv2DShape(16, 15, 17, 16, 3, 3) { Groups = 16, StrideH = 2, StrideW = 2 }, 3),
        Case(new Conv2DShape(6, 14, 14, 16, 5, 5), 8),
        Case(new Conv2DShape(3, 30, 33, 5, 7, 7) { StrideW = 2, PadLeft = 3, PadBottom = 2 }, 2),
    ];

    /// <summary>
    /// 64 callers at once, each with threads of its own, from inside Parallel.For, beside a compacting collector.
    /// </summary>
    [Fact]
    public void ManyCallersAtOnce()
    {
        float[][][] expected = [.. Cases.Select(c => Results(new ConvRun<float>(c), default))];
        using CancellationTokenSource done = new();
        Thread collector = new(() =>
        {
            // The pause leaves the processor to the callers, on a machine of two cores too.
            for (; !done.IsCancellationRequested; Thread.Sleep(1))
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        });
        collector.Start();
        try
        {
            Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 64 }, caller =>
            {
                int index = caller % Cases.Length;
                Compare(expected[index], Results(new ConvRun<float>(Cases[index]), new Execution(1 + (caller % 5))),
                    $"caller {caller}");
            });
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }

    /// <summary>One plan, one packed filter, many threads.</summary>
    [Fact]
    public void APlanIsSharedByThreads()
    {
        ConvRun<float> run = new(Cases[0]);
        float[][] expected = Results(run, default);
        Parallel.For(0, 32, caller => Compare(expected, Results(run, new Execution(1 + (caller % 3))), $"caller {caller}"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(16)]
    public void ThreadCounts(int threads)
    {
        foreach (ConvCase c in Cases)
            Compare(Results(new ConvRun<float>(c), default), Results(new ConvRun<float>(c), new Execution(threads)),
                $"{threads} threads");
    }

    /// <summary>A host's scheduler may run the parts backwards, on its own threads, or on the caller's alone.</summary>
    [Fact]
    public void AHostsRunnerGivesTheSame()
    {
        BackwardsRunner backwards = new();
        foreach (ConvCase c in Cases)
        {
            float[][] expected = Results(new ConvRun<float>(c), default);
            Compare(expected, Results(new ConvRun<float>(c), new Execution(5, backwards)), "backwards");
            Compare(expected, Results(new ConvRun<float>(c), new Execution(4, new ParallelForRunner())), "Parallel.For");
        }

        Assert.InRange(backwards.MostParts, 2, 5);
    }

    /// <summary>An exception of the host's runner comes out, and the next call works.</summary>
    [Fact]
    public void ARunnerThatThrowsLeavesNothingBehind()
    {
        ConvRun<float> run = new(Cases[0]);
        float[][] expected = Results(run, default);
        Assert.Throws<TimeZoneNotFoundException>(() => run.Forward(new Execution(2, new ThrowingRunner())));
        Compare(expected, Results(run, new Execution(2)), "after the exception");
    }

    [Fact]
    public void ASmallStackIsEnough()
    {
        Exception? thrown = null;
        Thread thread = new(
            () => thrown = Record.Exception(() =>
            {
                foreach (ConvCase c in Cases)
                    Results(new ConvRun<float>(c), new Execution(2));
                float[] a = Data.Make<float>(300 * 300, DataKind.Real, 1), product = new float[300 * 300];
                SimdConv.Gemm.Multiply<float>(300, 300, 300, a, a, product, new Execution(2));
            }),
            128 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
    }

    private static ConvCase Case(Conv2DShape shape, int batch) =>
        new(shape, batch, LayoutKind.Nchw, LayoutKind.Nchw, true, 0, true, DataKind.Real, shape.C);

    private static float[][] Results(ConvRun<float> run, Execution execution) =>
        [.. Enum.GetValues<ConvDirection>().Select(direction => ConvProperties<float>.Execute(run, direction, execution))];

    private static void Compare(float[][] expected, float[][] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
            Support.Compare.Equal<float>(expected[i], actual[i], $"{(ConvDirection)i}, {what}");
    }

    private sealed unsafe class BackwardsRunner : IParallelRunner
    {
        public int MostParts { get; private set; }

        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            MostParts = Math.Max(MostParts, parts);
            for (int part = parts - 1; part >= 0; part--)
                body(state, part);
        }
    }

    private sealed unsafe class ParallelForRunner : IParallelRunner
    {
        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            nint context = (nint)state, function = (nint)body;
            Parallel.For(0, parts, part => Call(function, context, part));
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Call(nint function, nint context, int part) =>
            ((delegate*<void*, int, void>)function)((void*)context, part);
    }

    private sealed unsafe class ThrowingRunner : IParallelRunner
    {
        public void Run(int parts, delegate*<void*, int, void> body, void* state) => throw new TimeZoneNotFoundException();
    }
}
