using System.Diagnostics;

namespace SimdConv.Tests.Processes;

/// <summary>
/// 64 threads that call small operations of every kind on one to three threads, beside a collector that compacts without end:
/// each result has the bits that it has alone, no call allocates, none hangs, and when all have returned no thread of the
/// library's is busy.
/// </summary>
internal static class CallersChild
{
    private const int Callers = 64;

    /// <summary>Calls of each caller, all of them at once, before what they allocate counts.</summary>
    private const int WarmUp = 500;

    /// <summary>
    /// Bytes that the runtime may still make for a thread that waits for the first time: less than one object in 2,000 calls.
    /// </summary>
    private const int OnceACaller = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static void Run(int calls)
    {
        Caller[] callers = [.. Enumerable.Range(0, Callers).Select(i => new Caller(i))];
        Thread[] threads = [.. callers.Select(caller => new Thread(() => caller.Run(calls)))];
        using CancellationTokenSource done = new();
        // Allocates nothing itself; what it moves is what the callers hold.
        Thread collector = new(() =>
        {
            // The pause lets callers run between two collections; without it a machine of few cores hardly does anything else
            // than collect.
            for (; !done.IsCancellationRequested; Thread.Sleep(1))
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
        });
        new Thread(() => Watch(callers)) { IsBackground = true }.Start();
        collector.Start();
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        done.Cancel();
        collector.Join();
        foreach (Caller caller in callers)
        {
            if (caller.Failure is { } failure)
                throw failure;
        }

        Console.WriteLine($"{(long)calls * Callers} calls, {callers.Sum(caller => caller.Allocated)} bytes");
        Assert.InRange(callers.Sum(caller => caller.Allocated), 0, OnceACaller * Callers);
        RequireIdle();
    }

    /// <summary>
    /// Ends the process if a caller has made no call for a minute, in which the process has had a third of a core at least: on a
    /// busy machine it may hardly run, and the collector, which never waits, runs first.
    /// </summary>
    private static void Watch(Caller[] callers)
    {
        int[] last = new int[callers.Length];
        (long Time, TimeSpan Used)[] since =
            [.. Enumerable.Repeat((Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime), callers.Length)];
        while (true)
        {
            Thread.Sleep(1000);
            TimeSpan used = Environment.CpuUsage.TotalTime;
            for (int i = 0; i < callers.Length; i++)
            {
                int made = callers[i].Made;
                if (made != last[i] || callers[i].IsDone)
                    (last[i], since[i]) = (made, (Stopwatch.GetTimestamp(), used));
                else if (Stopwatch.GetElapsedTime(since[i].Time) > Patience && used - since[i].Used > Patience / 3)
                    Environment.FailFast($"caller {i} hangs in call {made}: {callers[i].Current}");
            }
        }
    }

    /// <summary>
    /// A worker looks for the next call for some tens of microseconds only: later no thread but this one is running or wants to.
    /// That asks the system for states, not for times, which a busy machine makes small.
    /// </summary>
    private static void RequireIdle()
    {
        int least = int.MaxValue;
        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(50);
            using Process process = Process.GetCurrentProcess();
            least = Math.Min(least, process.Threads.Cast<ProcessThread>().Count(IsRunnable));
        }

        Console.WriteLine($"idle: {least} threads run");
        Assert.InRange(least, 0, 1);
    }

    private static bool IsRunnable(ProcessThread thread) =>
        thread.ThreadState is System.Diagnostics.ThreadState.Running or System.Diagnostics.ThreadState.Ready;

    /// <summary>One thread, its operations and what each gave when it was called alone.</summary>
    private sealed class Caller
    {
        private readonly (string Name, Action Run, float[] Result, float[] Expected)[] operations;

        private readonly int first;

        private int made;

        public Caller(int index)
        {
            first = index;
            operations =
                [.. SmallOperations.All(new Execution(1)).Zip(SmallOperations.All(new Execution(1 + (index % 3))), (alone, own) =>
            {
                alone.Run();
                return (own.Name, own.Run, own.Result, alone.Result);
            })];
        }

        public int Made => Volatile.Read(ref made);

        public bool IsDone { get; private set; }

        public string Current => operations[(first + made) % operations.Length].Name;

        public long Allocated { get; private set; }

        public Exception? Failure { get; private set; }

        public void Run(int calls)
        {
            try
            {
                for (int i = 0; i < WarmUp; i++)
                    Call(i);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < calls; i++)
                    Call(i);
                Allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            }
            catch (Exception e)
            {
                Failure = e;
            }

            IsDone = true;
        }

        private void Call(int i)
        {
            (string name, Action run, float[] result, float[] expected) = operations[(first + i) % operations.Length];
            result.AsSpan().Fill(float.NaN);
            run();
            if (!expected.AsSpan().SequenceEqual(result))
                throw new Xunit.Sdk.XunitException($"call {i} of caller {first}, {name}: another result than alone");
            Volatile.Write(ref made, made + 1);
        }
    }
}
