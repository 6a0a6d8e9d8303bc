using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using SimdConv.Core;

namespace SimdConv.Tests.Processes;

/// <summary>
/// What happens where threads or memory can't be had, in a process of its own: its limits are set, and nothing else runs there.
/// </summary>
internal static unsafe partial class ResourceChild
{
    private const int AddressSpace = 9;

    /// <summary>
    /// Threads that can't be made, exceptions of workers and interrupts: no call fails that needn't, and no worker is lost.
    /// </summary>
    public static void Workers()
    {
        int most = Core.Workers.Most;
        Assert.Equal(2, Count(2));
        Assert.Equal(1, Core.Workers.Count);

        // What the failure of a thread needs, its exception above all, is compiled and loaded once before memory is short.
        Limited(() => Assert.Equal(most + 1, Count(most + 1)));
        Assert.Equal((1, 1), (Core.Workers.Count, Core.Workers.FreeCount));
        for (int call = 0; call < 2 * most; call++)
            Limited(() => Assert.Equal(most + 1, Count(most + 1)));
        Assert.Equal((1, 1), (Core.Workers.Count, Core.Workers.FreeCount));

        // With threads to be had again the very next call makes all of them.
        Assert.Equal(most + 1, Count(most + 1));
        Assert.Equal((most, most), (Core.Workers.Count, Core.Workers.FreeCount));

        for (int part = 0; part < 2; part++)
        {
            Barrier barrier = new() { Throws = part };
            Barrier* at = &barrier;
            Assert.Equal($"part {part}",
                Assert.Throws<TimeZoneNotFoundException>(() => new Execution(2).Run(2, &Meet, at)).Message);
            Assert.Equal(2, at->Ended);
            Assert.Equal((most, most), (Core.Workers.Count, Core.Workers.FreeCount));
        }

        Interrupted();
        Assert.Equal((most, most), (Core.Workers.Count, Core.Workers.FreeCount));
        Assert.Equal(most + 1, Count(most + 1));
    }

    /// <summary>
    /// Threads that end, one after the other and all at once, leave no more scratch memory than those that live keep.
    /// </summary>
    public static void Scratch()
    {
        const int Threads = 40, Bytes = 20 << 20;
        long kept = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Name == "simdconv.workspace")
                own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, bytes, _, _) => kept = bytes);
        listener.Start();
        _ = SimdSupport.Best;
        using (Workspace.Of(1024, out byte* _))
        {
        }

        for (int i = 0; i < 100 && Kept() == 0; i++)
            Thread.Sleep(50);
        Assert.Equal(1024, Kept());

        for (int i = 0; i < Threads; i++)
        {
            Thread thread = new(() => Take(Bytes));
            thread.Start();
            thread.Join();
            Assert.Equal(1024 + Bytes, Kept());
        }

        Thread[] together = new Thread[8];
        using Barriers all = new(together.Length);
        for (int i = 0; i < together.Length; i++)
        {
            together[i] = new Thread(() =>
            {
                Take(Bytes);
                all.Meet();
            });
            together[i].Start();
        }

        foreach (Thread thread in together)
            thread.Join();
        Assert.Equal(1024 + (together.Length * Bytes), Kept());
        Take(2048);
        Assert.Equal(2048, Kept());

        long Kept()
        {
            listener.RecordObservableInstruments();
            return kept;
        }

        static void Take(long bytes)
        {
            using Workspace workspace = Workspace.Of(bytes, out byte* memory);
            *memory = 1;
        }
    }

    /// <summary>
    /// An interrupt of the caller, which waits for its worker, comes once the worker has left the state of the call.
    /// </summary>
    private static void Interrupted()
    {
        int ended = 0;
        bool wasInterrupted = false;
        Thread caller = new(() =>
        {
            Barrier barrier = new() { Throws = -1, Caller = Environment.CurrentManagedThreadId };
            new Execution(2).Run(2, &Meet, &barrier);
            ended = barrier.Ended;
            try
            {
                Thread.Sleep(0);
                Thread.Sleep(1);
            }
            catch (ThreadInterruptedException)
            {
                wasInterrupted = true;
            }
        });
        caller.Start();
        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(5);
            caller.Interrupt();
        }

        caller.Join();
        Assert.Equal((2, true), (ended, wasInterrupted));
    }

    private static int Count(int threads)
    {
        int count = 0;
        new Execution(threads).Run(threads, &Add, &count);
        return count;

        // Long enough for workers to come.
        static void Add(void* state, int part)
        {
            Interlocked.Increment(ref *(int*)state);
            Thread.SpinWait(2000);
        }
    }

    /// <summary>
    /// Two parts that wait for each other, on two threads; one of them may throw, and the one that isn't the caller's may take
    /// its time. Nothing here may be interrupted.
    /// </summary>
    private static void Meet(void* state, int part)
    {
        Barrier* barrier = (Barrier*)state;
        Interlocked.Increment(ref barrier->Begun);
        for (long start = Environment.TickCount64; Volatile.Read(ref barrier->Begun) < 2
            && Environment.TickCount64 - start < 20_000;)
            Thread.Yield();
        if (barrier->Caller != 0 && barrier->Caller != Environment.CurrentManagedThreadId)
            Busy(200);
        Interlocked.Increment(ref barrier->Ended);
        if (barrier->Throws == part)
            throw new TimeZoneNotFoundException($"part {part}");
    }

    private static void Busy(int milliseconds)
    {
        for (long start = Environment.TickCount64; Environment.TickCount64 - start < milliseconds;)
            Thread.SpinWait(1000);
    }

    /// <summary>Runs with too little address space left for the stack of a thread.</summary>
    private static void Limited(Action action)
    {
        Assert.Equal(0, GetLimit(AddressSpace, out Limit before));
        string pages = File.ReadAllText("/proc/self/statm").Split(' ')[0];
        ulong bytes = ulong.Parse(pages, System.Globalization.CultureInfo.InvariantCulture) * (ulong)Environment.SystemPageSize;
        Limit limited = before with { Soft = bytes + (200 << 10) };
        Assert.Equal(0, SetLimit(AddressSpace, limited));
        try
        {
            action();
        }
        finally
        {
            SetLimit(AddressSpace, before);
        }
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    private record struct Limit(ulong Soft, ulong Hard);

    private struct Barrier
    {
        public int Begun, Ended, Throws, Caller;
    }

    /// <summary>Threads that all go on together.</summary>
    private sealed class Barriers(int threads) : IDisposable
    {
        private readonly System.Threading.Barrier barrier = new(threads);

        public void Meet() => barrier.SignalAndWait();

        public void Dispose() => barrier.Dispose();
    }
}
