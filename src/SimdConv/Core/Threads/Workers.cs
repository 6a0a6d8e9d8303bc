using System.Runtime.ExceptionServices;

namespace SimdConv.Core;

/// <summary>
/// The library's own worker threads: made when first needed, shared by all callers, parked when idle. A caller takes whichever
/// are free, works along, and does everything itself if none is; so calls may nest and any number of threads may call at once.
/// Where the system gives no further thread, a call goes on with the workers that there are, and a later call tries again.
/// </summary>
internal static unsafe class Workers
{
    /// <summary>How long a worker looks for the next call before it parks: some tens of microseconds.</summary>
    private const int SpinsBeforeParking = 400;

    private static readonly Lock Gate = new();

    // A list through Worker.Next, so that giving a worker back needs no memory. Both are written under the gate, and so is Next
    // until a call has taken the worker, which is then that call's alone.
    private static Worker? free;
    private static int count;

    /// <summary>How many workers there are.</summary>
    public static int Count => Volatile.Read(ref count);

    /// <summary>How many of them no call has at the moment.</summary>
    public static int FreeCount
    {
        get
        {
            lock (Gate)
            {
                int workers = 0;
                for (Worker? worker = free; worker is not null; worker = worker.Next)
                    workers++;
                return workers;
            }
        }
    }

    /// <summary>
    /// The most workers that there ever are: as many as a machine can run beside the callers; more would only take turns.
    /// </summary>
    public static int Most => Math.Max(1, 2 * Environment.ProcessorCount);

    /// <summary>Calls body(state, i) once for each i in [0, parts) on at most <paramref name="threads"/> threads.</summary>
    public static void Run(int parts, int threads, delegate*<void*, int, void> body, void* state)
    {
        Job job = new() { Body = body, State = state, Parts = parts };
        int wanted = Math.Min(parts, threads) - 1;
        Worker? mine = Take(wanted);
        for (Worker? worker = mine; worker is not null; worker = worker.Next)
            worker.Start(&job);
        Exception? error = job.Work();
        for (Worker? worker = mine; worker is not null; worker = worker.Next)
            error = worker.Join() ?? error;
        if (mine is not null)
            GiveBack(mine);
        if (error is not null)
            ExceptionDispatchInfo.Throw(error);
    }

    private static Worker? Take(int wanted)
    {
        Worker? taken = null;
        if (wanted <= 0)
            return taken;
        Enter(Gate);
        try
        {
            for (; wanted > 0 && (free ?? Make()) is { } worker; wanted--)
            {
                free = worker.Next;
                worker.Next = taken;
                taken = worker;
            }
        }
        finally
        {
            Gate.Exit();
        }

        return taken;
    }

    /// <summary>A further worker; null where there are enough, or where the system has no thread or memory for one.</summary>
    private static Worker? Make()
    {
        if (count >= Most)
            return null;
        try
        {
            Worker worker = new();
            count++;
            return worker;
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException)
        {
            return null;
        }
    }

    private static void GiveBack(Worker workers)
    {
        Worker last = workers;
        while (last.Next is { } next)
            last = next;
        Enter(Gate);
        last.Next = free;
        free = workers;
        Gate.Exit();
    }

    /// <summary>
    /// Takes a step that may wait, also where <see cref="Thread.Interrupt"/> hits the thread meanwhile: a call can't end before
    /// its workers have left its state. The thread's next wait throws instead.
    /// </summary>
    private static void Persist<TTarget>(TTarget target, Action<TTarget> step)
    {
        bool isInterrupted = false;
        for (bool isDone = false; !isDone;)
        {
            try
            {
                step(target);
                isDone = true;
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        }

        if (isInterrupted)
            Thread.CurrentThread.Interrupt();
    }

    private static void Enter(Lock gate) => Persist(gate, static gate => gate.Enter());

    private static void Wait(SemaphoreSlim semaphore) => Persist(semaphore, static semaphore => semaphore.Wait());

    private static void Release(SemaphoreSlim semaphore) => Persist(semaphore, static semaphore => semaphore.Release());

    /// <summary>
    /// One call, on its caller's stack: whoever works on it takes the next part until none is left. It is written before a
    /// worker's state becomes Posted; from then on only Next changes.
    /// </summary>
    private struct Job
    {
        public delegate*<void*, int, void> Body;
        public void* State;
        public int Parts;

        /// <summary>In 64 bits: each thread that finds no part left counts it up once more.</summary>
        public long Next;

        /// <summary>Works on parts; after an exception the rest of them is dropped, and the exception returned.</summary>
        public Exception? Work()
        {
            try
            {
                for (long part; (part = Interlocked.Increment(ref Next) - 1) < Parts;)
                    Body(State, (int)part);
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

        /// <summary>
        /// Changed by Interlocked alone, whose full barrier orders everything else that caller and worker hand over, on CPUs with
        /// weak order too: what the caller wrote before Posted is seen by the worker that makes it Running, and what the worker
        /// wrote before Idle, results and <see cref="error"/> included, by the caller that reads Idle.
        /// </summary>
        private int state;

        // The caller's before Posted and after Idle, the worker's in between.
        private Job* job;
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
                Release(wake);
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
                Wait(done);
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
                        Release(done);
                    spin = 0;
                }
                else if (spin++ < SpinsBeforeParking)
                {
                    Thread.SpinWait(8);
                }
                else if (Interlocked.CompareExchange(ref state, Parked, Idle) == Idle)
                {
                    Wait(wake);
                    spin = 0;
                }
            }
        }
    }
}
