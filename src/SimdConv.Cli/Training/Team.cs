using System.Runtime.ExceptionServices;

namespace SimdConv.Cli.Training;

/// <summary>
/// Threads, the caller among them, that work on the shares of one task after another. A share always goes to the same thread, so
/// its data stay in the cache of one core. Between calls the threads look for work for some tens of microseconds, then sleep.
/// </summary>
internal sealed class Team
{
    private const int SpinsBeforeSleep = 1000;

    private readonly object gate = new();
    private Action<int>? work;
    private Exception? error;
    private int round, busy;

    public Team(int size)
    {
        Size = size;
        for (int i = 1; i < size; i++)
        {
            int share = i;
            new Thread(() => Loop(share)) { IsBackground = true, Name = "Training" }.Start();
        }
    }

    public int Size { get; }

    /// <summary>Calls <paramref name="body"/> for each share from 0 to Size - 1, one to a thread.</summary>
    public void Run(Action<int> body)
    {
        if (Size > 1)
        {
            (work, busy, error) = (body, Size - 1, null);
            lock (gate)
            {
                round++;
                Monitor.PulseAll(gate);
            }
        }

        try
        {
            body(0);
        }
        finally
        {
            SpinWait spin = default;
            while (Volatile.Read(ref busy) > 0)
                spin.SpinOnce(sleep1Threshold: -1);
        }

        if (error is not null)
            ExceptionDispatchInfo.Throw(error);
    }

    private void Loop(int share)
    {
        for (int seen = 0; ; seen++)
        {
            for (int spin = 0; spin < SpinsBeforeSleep && Volatile.Read(ref round) == seen; spin++)
                Thread.SpinWait(8);
            lock (gate)
            {
                while (round == seen)
                    Monitor.Wait(gate);
            }

            try
            {
                work!(share);
            }
            catch (Exception thrown)
            {
                error = thrown;
            }
            finally
            {
                Interlocked.Decrement(ref busy);
            }
        }
    }
}
