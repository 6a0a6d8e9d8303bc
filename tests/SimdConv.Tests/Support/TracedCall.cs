using SimdConv.Core;

namespace SimdConv.Tests.Support;

/// <summary>
/// Runs the parts of a call on a thread each, and holds every thread at its first item until all others have one or have ended:
/// so a call on 70 threads has 70 threads at work, whatever the machine. Keeps what the library tells of the call.
/// </summary>
internal sealed unsafe class TracedCall : ICallListener, IParallelRunner
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, HashSet<long>> reached = [];
    private readonly Lock gate = new();
    private long taken;
    private int items;

    /// <summary>Sets the switch that the library reads once, before its first call.</summary>
    public static void TurnOn() => AppContext.SetSwitch(CallTrace.Switch, true);

    /// <summary>
    /// The most parts of one step of the call that did work, each on a thread of its own; 0 where the caller did all.
    /// </summary>
    public int Worked { get; private set; }

    /// <summary>Items that parts or the caller worked on.</summary>
    public int Items => Volatile.Read(ref items);

    /// <summary>The most scratch memory that all threads had at once.</summary>
    public long MostTaken { get; private set; }

    /// <summary>How many different numbers the library told of something.</summary>
    public int Count(string what)
    {
        lock (gate)
            return reached.TryGetValue(what, out HashSet<long>? numbers) ? numbers.Count : 0;
    }

    public override string ToString()
    {
        lock (gate)
            return string.Join(", ",
                reached.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value.Count} {pair.Key}"));
    }

    /// <summary>Runs a call whose parts are this runner's where it has some.</summary>
    public static TracedCall Of(SimdTier tier, int threads, Action<Execution> call)
    {
        TracedCall trace = new();
        trace.Listen(trace, () => call(new(threads, trace, tier)));
        return trace;
    }

    /// <summary>Threads of their own for the parts of a call, for tests that ask nothing of the trace.</summary>
    public static Execution On(SimdTier tier, int threads) => new(threads, new TracedCall(), tier);

    public void Work() => Interlocked.Increment(ref items);

    public void Reach(string what, long index)
    {
        lock (gate)
        {
            if (!reached.TryGetValue(what, out HashSet<long>? numbers))
                reached.Add(what, numbers = []);
            numbers.Add(index);
        }
    }

    public void Take(long bytes)
    {
        lock (gate)
        {
            taken += bytes;
            MostTaken = Math.Max(MostTaken, taken);
        }
    }

    public void Run(int parts, delegate*<void*, int, void> body, void* state)
    {
        Step step = new(this, parts);
        Action[] work = new Action[parts];
        for (int i = 0; i < parts; i++)
        {
            int part = i;
            work[i] = () =>
            {
                PartListener listener = new(step);
                Listen(listener, () => body(state, part));
                step.End(listener.HasWorked);
            };
        }

        PartThreads.Run(work);
        Worked = Math.Max(Worked, step.Working);
    }

    private void Listen(ICallListener listener, Action call)
    {
        ICallListener? before = CallTrace.Listener;
        CallTrace.Listener = listener;
        try
        {
            call();
        }
        finally
        {
            CallTrace.Listener = before;
        }
    }

    /// <summary>Parts that run at the same time.</summary>
    private sealed class Step(TracedCall call, int parts)
    {
        private readonly object gate = new();
        private int ended;

        public TracedCall Call => call;

        public int Working { get; private set; }

        /// <summary>A part has its first item: it waits for the others.</summary>
        public void Begin()
        {
            lock (gate)
            {
                Working++;
                Monitor.PulseAll(gate);
                while (Working + ended < parts)
                {
                    if (!Monitor.Wait(gate, Patience))
                        throw new TimeoutException($"{Working} of {parts} parts had begun, {ended} had ended without work");
                }
            }
        }

        public void End(bool hasWorked)
        {
            lock (gate)
            {
                ended += hasWorked ? 0 : 1;
                Monitor.PulseAll(gate);
            }
        }
    }

    private sealed class PartListener(Step step) : ICallListener
    {
        public bool HasWorked { get; private set; }

        public void Work()
        {
            step.Call.Work();
            if (HasWorked)
                return;
            HasWorked = true;
            step.Begin();
        }

        public void Reach(string what, long index) => step.Call.Reach(what, index);

        public void Take(long bytes) => step.Call.Take(bytes);
    }
}

/// <summary>Threads that wait for work, as many as were ever needed at once.</summary>
internal static class PartThreads
{
    private static readonly Stack<Worker> Free = [];

    /// <summary>Runs each action on a thread of its own, the first one on this thread.</summary>
    public static void Run(Action[] actions)
    {
        using CountdownEvent left = new(actions.Length);
        Exception? error = null;
        foreach (Action action in actions[1..])
            Take().Start(() => Try(action));
        Try(actions[0]);
        left.Wait();
        if (error is not null)
            throw new InvalidOperationException("a part failed", error);

        void Try(Action action)
        {
            try
            {
                action();
            }
            catch (Exception thrown)
            {
                Interlocked.CompareExchange(ref error, thrown, null);
            }
            finally
            {
                left.Signal();
            }
        }
    }

    private static Worker Take()
    {
        lock (Free)
            return Free.TryPop(out Worker? worker) ? worker : new();
    }

    private sealed class Worker
    {
        private readonly SemaphoreSlim wake = new(0);
        private Action? work;

        public Worker() => new Thread(Loop, 1 << 20) { IsBackground = true, Name = "part of a traced call" }.Start();

        public void Start(Action action)
        {
            work = action;
            wake.Release();
        }

        private void Loop()
        {
            while (true)
            {
                wake.Wait();
                work!();
                lock (Free)
                    Free.Push(this);
            }
        }
    }
}
