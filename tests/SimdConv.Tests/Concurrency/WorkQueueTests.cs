using SimdConv.Core;
using SimdConv.Tests.Support;

namespace SimdConv.Tests.Concurrency;

/// <summary>How the items of a call are shared out between its parts.</summary>
public sealed class WorkQueueTests
{
    private static readonly int[] ThreadCounts = [1, 2, 3, 70];

    private static readonly long[] ItemCounts = [0, 1, 2, 5, 63, 64, 65, 70, 141, 1000];

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(7, false)]
    [InlineData(7, true)]
    [InlineData(2000, false)]
    public void EachItemIsTakenOnce(long grain, bool inRanges)
    {
        foreach (int threads in ThreadCounts)
        {
            foreach (long items in ItemCounts)
            {
                Check(threads, items, new Execution(threads));
                Check(threads, items, TracedCall.On(SimdSupport.Best, threads));
                Check(threads, items, new Execution(threads, new Reluctant()));
            }
        }

        void Check(int threads, long items, Execution execution)
        {
            (int[] times, long[] begins) = Run(threads, items, execution, grain, inRanges);
            Assert.All(times, count => Assert.Equal(1, count));
            Assert.True(begins.Length <= Math.Min(threads, (items + grain - 1) / grain),
                $"{begins.Length} parts of {threads} threads, {items} items");
        }
    }

    /// <summary>Where all parts work at the same time, each begins with the range that is its own.</summary>
    [Theory]
    [InlineData(2, 100)]
    [InlineData(3, 100)]
    [InlineData(64, 6400)]
    public void EachPartBeginsWithItsOwnRange(int threads, long items)
    {
        (_, long[] begins) = Run(threads, items, TracedCall.On(SimdSupport.Best, threads), 1, inRanges: true);
        for (int part = 0; part < threads; part++)
            Assert.Equal(items * part / threads, begins[part]);
    }

    /// <summary>More parts than ranges: those without one of their own begin inside that of another part.</summary>
    [Fact]
    public void MorePartsThanRangesAllFindWork()
    {
        (_, long[] begins) = Run(70, 7000, TracedCall.On(SimdSupport.Best, 70), 1, inRanges: true);
        Assert.Equal(70, begins.Length);
        Assert.All(begins, begin => Assert.NotEqual(-1, begin));
    }

    /// <summary>A part that has found nothing left may ask again.</summary>
    [Fact]
    public void AnEmptyQueueStaysEmpty()
    {
        foreach (bool inRanges in (bool[])[false, true])
        {
            Impatient work = new();
            WorkQueue.Run(ref work, 5, 3, new Execution(3), inRanges: inRanges);
        }
    }

    [Fact]
    public void LittleWorkIsTheCallersAlone()
    {
        Execution execution = new(8);
        Assert.Equal((1, 8), (execution.ThreadsFor(WorkQueue.SerialLimit), execution.ThreadsFor(WorkQueue.SerialLimit + 1)));
    }

    private static (int[] Times, long[] Begins) Run(int threads, long items, in Execution execution, long grain, bool inRanges)
    {
        int[] times = new int[items];
        long[] begins = new long[(int)Math.Min(threads, (items + grain - 1) / grain)];
        Array.Fill(begins, -1);
        Counting work = new(times, begins, grain);
        WorkQueue.Run(ref work, items, threads, execution, grain, inRanges);
        return (times, begins);
    }

    /// <summary>Counts how often each item is taken, and notes the first item of each part.</summary>
    private readonly ref struct Counting(int[] times, long[] begins, long grain) : ISharedWork
    {
        public void Run(ref WorkQueue queue)
        {
            Assert.Equal(begins.Length, queue.Parts);
            while (queue.Next(out long first, out long last))
            {
                Assert.InRange(last - first, 1, grain);
                Interlocked.CompareExchange(ref begins[queue.Part], first, -1);
                for (long item = first; item < last; item++)
                    Interlocked.Increment(ref times[item]);
            }
        }
    }

    private readonly ref struct Impatient : ISharedWork
    {
        public void Run(ref WorkQueue queue)
        {
            while (queue.Next(out _))
            {
            }

            for (int i = 0; i < 100; i++)
                Assert.False(queue.Next(out _));
        }
    }

    /// <summary>A host's scheduler that runs one part in two, on the calling thread.</summary>
    private sealed unsafe class Reluctant : IParallelRunner
    {
        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            for (int part = 0; part < parts; part += 2)
                body(state, part);
        }
    }
}
