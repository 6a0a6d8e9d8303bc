using System.Runtime.ExceptionServices;

namespace SimdConv.Loops;

/// <summary>
/// The library's own worker threads: made when first needed, shared by all callers, parked when idle. A caller takes whichever are
/// free, works along, and does everything itself if none is; so calls may nest and any number of threads may call at once.
/// </summary>
internal static unsafe class Workers
{
    /// <summary>How long a worker looks for the next call before it parks: some tens of microseconds.</summary>
    private const int SpinsBeforeParking = 400;

    private static readonly Lock Gate = new();
    private static readonly Stack<Worker> Free = new();
    private static int count;

    /// <summary>Calls body(state, i) once for each i in [0, parts) on at most <paramref name="threads"/> threads.</summary>
    public static void Run(int parts, int threads, delegate*<void*, int, void> body, void* state)
    {
        Job job = new() { Body = body, State = state, Parts = parts };
        int wanted = Math.Min(parts, threads) - 1;
        Worker? mine = Take(wanted);
        for (Worker? worker = mine; worker is not null; worker = worker.Next)
            worker.Start(&job);
        Exception? error = job.Work();
        for (Worker? worker = mine; worker is not null;)
        {
            Worker? next = worker.Next;
            error = worker.Join() ?? error;
            GiveBack(worker);
            worker = next;
        }

        if (error is not null)
            ExceptionDispatchInfo.Throw(error);
    }

    private static Worker? Take(int wanted)
    {
        Worker? taken = null;
        lock (Gate)
        {
            for (; wanted > 0; wanted--)
            {
                if (!Free.TryPop(out Worker? worker))
                {
                    // As many as a machine can run beside the callers; more would only take turns.
                    if (count >= Math.Max(1, 2 * Environment.ProcessorCount))
                        break;
                    count++;
                    worker = new Worker();
                }

                worker.Next = taken;
                taken = worker;
            }
        }

        return taken;
    }

    private static void GiveBack(Worker worker)
    {
        worker.Next = null;
        lock (Gate)
            Free.Push(worker);
    }

    /// <summary>One call, on its caller's stack: whoever works on it takes the next part until none is left.</summary>
    private struct Job
    {
        public delegate*<void*, int, void> Body;
        public void* State;
        public int Parts, Next;

        /// <summary>Works on parts; after an exception the rest of them is dropped, and the exception returned.</summary>
        public Exception? Work()
        {
            try
            {
                for (int part; (part = Interlocked.Increment(ref Next) - 1) < Parts;)
                    Body(State, part);
                return null;
            }
            catch (Exception error)
            {
                Volatile.Write(ref Next, Parts);
                return error;
            }
        }
    }

    private sealed class Worker
    {
        private readonly SemaphoreSlim wake = new(0), done = new(0);
        private Job* job;
        private int state;
        private Exception? error;

        // Idle: looking for a call. Posted: one is there. Running: at work on it. Awaited: the same, and its caller has parked.
        private const int Idle = 0, Posted = 1, Running = 2, Awaited = 3, Parked = 4;

        public Worker()
        {
            Thread thread = new(Loop, 1 << 20) { IsBackground = true, Name = "SimdConv worker" };
            thread.Start();
        }

        public Worker? Next { get; set; }

        public void Start(Job* next)
        {
            job = next;
            if (Interlocked.Exchange(ref state, Posted) == Parked)
                wake.Release();
        }

        /// <summary>
        /// Waits for the worker, unless it hasn't begun by now: then the caller has done its parts, and takes the call back. So a
        /// worker that wakes late, or shares a core with its caller, costs no time.
        /// </summary>
        public Exception? Join()
        {
            if (Interlocked.CompareExchange(ref state, Idle, Posted) == Posted)
                return null;
            for (int spin = 1; spin <= SpinsBeforeParking; spin++)
            {
                if (Volatile.Read(ref state) != Running)
                    return Finished();
                Thread.SpinWait(8);
                if (spin % 16 == 0)
                    Thread.Yield();
            }

            if (Interlocked.CompareExchange(ref state, Awaited, Running) == Running)
                done.Wait();
            return Finished();
        }

        private Exception? Finished()
        {
            Exception? thrown = error;
            error = null;
            return thrown;
        }

        private void Loop()
        {
            for (int spin = 0; ;)
            {
                if (Interlocked.CompareExchange(ref state, Running, Posted) == Posted)
                {
                    error = job->Work();
                    if (Interlocked.Exchange(ref state, Idle) == Awaited)
                        done.Release();
                    spin = 0;
                }
                else if (spin++ < SpinsBeforeParking)
                {
                    Thread.SpinWait(8);
                }
                else if (Interlocked.CompareExchange(ref state, Parked, Idle) == Idle)
                {
                    wake.Wait();
                    spin = 0;
                }
            }
        }
    }
}
