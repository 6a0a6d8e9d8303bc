using SimdConv.Core;

namespace SimdConv.Tests.Regressions;

/// <summary>
/// Exceptions inside the parts of a call, hosts' schedulers that break their contract, scratch memory above its limit.
/// </summary>
public sealed unsafe class ResourceFaultTests
{
    private const int Parts = 7;

    public static TheoryData<string> Runners => [.. Behaviours.Keys];

    private static readonly Dictionary<string, RunParts> Behaviours = new()
    {
        ["forwards"] = (parts, call) => Repeat(parts, call),
        ["backwards"] = (parts, call) => Repeat(parts, part => call(parts - 1 - part)),
        ["each twice"] = (parts, call) => Repeat(2 * parts, part => call(part / 2)),
        ["one part only"] = (_, call) => call(3),
        ["none"] = (_, _) => { },
        ["numbers that are no parts"] = (parts, call) => Repeat(parts, part => call((100 * part) - 5)),
        ["on threads"] = (parts, call) => Parallel.For(0, parts, call),
        ["each twice on threads"] = (parts, call) => Parallel.For(0, 2 * parts, part => call(part % parts)),
        ["returns while parts run"] = (parts, call) =>
        {
            using CountdownEvent begun = new(parts);
            Repeat(parts, part => new Thread(() =>
            {
                begun.Signal();
                call(part);
            }).Start());
            begun.Wait();
        },
    };

    private delegate void RunParts(int parts, Action<int> call);

    /// <summary>Each part runs once, and all have ended when the call returns, whatever the host's scheduler does.</summary>
    [Theory, MemberData(nameof(Runners))]
    public void EachPartRunsOnceWhateverTheRunnerDoes(string name)
    {
        Counts counts = default;
        new Execution(Parts, new Runner(Behaviours[name])).Run(Parts, &Count, &counts);
        Assert.Equal(Enumerable.Repeat(1, Parts), new ReadOnlySpan<int>(counts.Begun, Parts).ToArray());
        Assert.Equal(Parts, counts.Ended);
    }

    /// <summary>
    /// An exception in a part reaches no thread of the host's: it comes out of the call once all parts have ended.
    /// </summary>
    [Theory, MemberData(nameof(Runners))]
    public void AnExceptionInAPartComesOutOfTheCall(string name)
    {
        for (int failing = 0; failing < Parts; failing += 3)
        {
            Counts counts = new() { Failing = failing + 1 };
            Counts* at = &counts;
            Exception? insideRunner = null;
            Runner runner = new((parts, call) => insideRunner = Record.Exception(() => Behaviours[name](parts, call)));
            OutOfMemoryException thrown =
                Assert.Throws<OutOfMemoryException>(() => new Execution(Parts, runner).Run(Parts, &Count, at));
            Assert.Equal($"part {failing}", thrown.Message);
            Assert.Null(insideRunner);
            Assert.Equal(at->Sum, at->Ended);
        }
    }

    /// <summary>Of the library's own threads too, where the caller's parts succeed and a worker's part alone throws.</summary>
    [Fact]
    public void AnExceptionOnAWorkerComesOutOfTheCall()
    {
        // Calls of other tests may have all workers for a time.
        const int MostCalls = 200;
        bool hasWorker = false;
        for (int i = 0; i < MostCalls && !hasWorker; i++)
        {
            Meeting meeting = new() { Caller = Environment.CurrentManagedThreadId };
            Meeting* at = &meeting;
            Exception? thrown = Record.Exception(() => new Execution(2).Run(2, &ThrowUnlessCaller, at));
            hasWorker = at->HasOther != 0;
            Assert.Equal(hasWorker ? typeof(TimeZoneNotFoundException) : null, thrown?.GetType());
        }

        Assert.True(hasWorker, $"no worker took a part of {MostCalls} calls");
    }

    /// <summary>What the scheduler itself throws comes out too, but not before the parts that it has begun have ended.</summary>
    [Fact]
    public void AnExceptionOfTheRunnerWaitsForItsParts()
    {
        Counts counts = default;
        Counts* at = &counts;
        Runner runner = new((_, call) =>
        {
            using CountdownEvent begun = new(3);
            Repeat(3, part => new Thread(() =>
            {
                begun.Signal();
                call(part);
            }).Start());
            begun.Wait();
            Thread.Sleep(1);
            throw new TimeZoneNotFoundException();
        });
        Assert.Throws<TimeZoneNotFoundException>(() => new Execution(Parts, runner).Run(Parts, &Count, at));
        Assert.Equal(at->Sum, at->Ended);
    }

    /// <summary>A scheduler that runs nothing gets the results of one that runs all.</summary>
    [Fact]
    public void ARunnerThatRunsNothingGivesTheSameResults()
    {
        Conv2DPlan<float> plan = new(new Conv2DShape(8, 20, 20, 16, 3, 3).WithPadding(1, 1));
        float[] x = Support.Data.Make<float>(plan.InputLength(4), Support.DataKind.Real, 1),
            w = Support.Data.Make<float>(16 * 8 * 9, Support.DataKind.Real, 2);
        float[] expected = new float[plan.OutputLength(4)], actual = new float[plan.OutputLength(4)];
        plan.Forward(4, x, w, expected);
        foreach (string name in Behaviours.Keys)
        {
            Array.Clear(actual);
            plan.Forward(4, x, w, actual, default, new Execution(4, new Runner(Behaviours[name])));
            Support.Compare.Equal<float>(expected, actual, name);
        }
    }

    /// <summary>
    /// A thread keeps what is below the limit, of all depths together, and gives back what is above it when its call ends.
    /// </summary>
    [Fact]
    public void AThreadKeepsNoMoreScratchThanTheLimit() => OnItsOwnThread(() =>
    {
        const long Most = Workspace.MostKeptBytes;
        Take(Most);
        Assert.Equal(Most, Workspace.KeptBytes);
        Take(Most + 64);
        Assert.Equal(0, Workspace.KeptBytes);

        // Two depths of 40 MB each: the inner one is given back. Then the outer one grows, and what an inner call has left makes
        // room for it.
        using (Workspace.Of(Most / 8 * 5, out byte* _))
        {
            Take(Most / 8 * 5);
            Assert.Equal(Most / 8 * 5, Workspace.KeptBytes);
            Take(Most / 8 * 2);
            Assert.Equal(Most / 8 * 7, Workspace.KeptBytes);
        }

        Assert.Equal(Most / 8 * 7, Workspace.KeptBytes);
        Take(Most / 8 * 7);
        Assert.Equal(Most / 8 * 7, Workspace.KeptBytes);
        Take(1024);
        Assert.Equal(Most / 8 * 7, Workspace.KeptBytes);
    });

    /// <summary>
    /// Neither below the limit nor above it does a repeated call allocate anything that the collector would see.
    /// </summary>
    [Fact]
    public void ScratchAllocatesNothingManaged() => OnItsOwnThread(() =>
    {
        foreach (long bytes in (long[])[1024, Workspace.MostKeptBytes + 64])
        {
            for (int round = 0; round < 3; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 3; i++)
                    Take(bytes);
                if (round == 2)
                    Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            }
        }
    });

    /// <summary>Memory that can't be had leaves the thread as it was: the next call works.</summary>
    [Fact]
    public void ScratchThatCannotBeHadLeavesNothingInUse() => OnItsOwnThread(() =>
    {
        Assert.Throws<OutOfMemoryException>(() => Take(1L << 60));
        Assert.Equal(0, Workspace.KeptBytes);
        Take(1024);
        Assert.Equal(1024, Workspace.KeptBytes);
    });

    /// <summary>With a negative slope y has another sign than x, so that the gradient from y would be wrong.</summary>
    [Fact]
    public void ANegativeSlopeIsRefusedInTheGradientFromY()
    {
        float[] dx = [7, 7];
        foreach (float slope in (float[])[-0.01f, -1, float.NegativeInfinity, float.NaN])
        {
            var thrown = Assert.Throws<ArgumentOutOfRangeException>(() =>
                SimdConv.Elementwise.LeakyReluGradient<float>([1, -1], [1, 1], dx, slope));
            Assert.Contains("slope is ", thrown.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() =>
            SimdConv.Elementwise.LeakyReluGradient<double>([1, -1], [1, 1], new double[2], -1));
        Assert.Equal([7, 7], dx);
        SimdConv.Elementwise.LeakyReluGradient<float>([1, -1], [1, 1], dx, 0);
        Assert.Equal([1, 0], dx);
    }

    /// <summary>0 * tanh(x) tells nothing of x either.</summary>
    [Fact]
    public void AScaleOfZeroIsRefusedInTheGradientFromY()
    {
        float[] dx = [7, 7];
        Assert.Throws<ArgumentOutOfRangeException>(() => SimdConv.Elementwise.TanhGradient<float>([0, 0], [1, 1], dx, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            SimdConv.Elementwise.TanhGradient<double>([0, 0], [1, 1], new double[2], -0.0));
        Assert.Equal([7, 7], dx);
    }

    private static void Take(long bytes)
    {
        using Workspace workspace = Workspace.Of(bytes, out byte* memory);
        *memory = 1;
    }

    private static void OnItsOwnThread(Action action)
    {
        Exception? thrown = null;
        Thread thread = new(() => thrown = Record.Exception(action));
        thread.Start();
        thread.Join();
        Assert.Null(thrown);
    }

    private static void Repeat(int count, Action<int> call)
    {
        for (int i = 0; i < count; i++)
            call(i);
    }

    private static void Count(void* state, int part)
    {
        Counts* counts = (Counts*)state;
        Interlocked.Increment(ref counts->Begun[part]);
        Thread.Sleep(1);
        Interlocked.Increment(ref counts->Ended);
        if (counts->Failing == part + 1)
            throw new OutOfMemoryException($"part {part}");
    }

    private struct Meeting
    {
        public int Caller, HasOther;
    }

    private static void ThrowUnlessCaller(void* state, int part)
    {
        Meeting* meeting = (Meeting*)state;
        if (Environment.CurrentManagedThreadId != meeting->Caller)
        {
            Volatile.Write(ref meeting->HasOther, 1);
            throw new TimeZoneNotFoundException();
        }

        SpinWait.SpinUntil(() => Volatile.Read(ref meeting->HasOther) != 0, 50);
    }

    private struct Counts
    {
        public fixed int Begun[Parts];
        public int Ended, Failing;

        public int Sum
        {
            get
            {
                int sum = 0;
                for (int part = 0; part < Parts; part++)
                    sum += Begun[part];
                return sum;
            }
        }
    }

    private sealed class Runner(RunParts run) : IParallelRunner
    {
        public void Run(int parts, delegate*<void*, int, void> body, void* state)
        {
            nint function = (nint)body, context = (nint)state;
            run(parts, part => ((delegate*<void*, int, void>)function)((void*)context, part));
        }
    }
}
