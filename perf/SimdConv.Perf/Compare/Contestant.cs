using SimdConv.Perf.Peers;

namespace SimdConv.Perf.Compare;

/// <summary>
/// One participant of one row: a ready-made call that can be repeated, with buffers of its own for the results.
/// </summary>
internal abstract class Contestant(string name) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>Operations of a call where they differ from the row's.</summary>
    public virtual double Flops => 0;

    /// <summary>Calls of one timed sample; 0 to choose so many that the clock doesn't matter.</summary>
    public virtual int FixedRepetitions => 0;

    /// <summary>The most timed samples it takes part in: a slow peer is scaled from a few.</summary>
    public virtual int MaxSamples => int.MaxValue;

    /// <summary>Calls to make before the cross-check: more than one where results build on each other.</summary>
    public virtual int CheckedCalls => 1;

    public virtual void Run(int times)
    {
        for (int i = 0; i < times; i++)
            Call();
    }

    /// <summary>The results of the last call, for the cross-check.</summary>
    public abstract IReadOnlyList<NativeArray> Results();

    public virtual void Dispose()
    {
    }

    protected abstract void Call();
}
