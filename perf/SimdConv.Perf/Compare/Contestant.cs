namespace SimdConv.Perf.Compare;

/// <summary>One participant of one row: a ready-made call that can be repeated, with buffers of its own for the results.</summary>
internal abstract class Contestant(string name) : IDisposable
{
    public string Name { get; } = name;

    /// <summary>Calls of one timed sample; 0 to choose so many that the clock doesn't matter.</summary>
    public virtual int FixedRepetitions => 0;

    /// <summary>The most timed samples it takes part in: a slow peer is scaled from a few.</summary>
    public virtual int MaxSamples => int.MaxValue;

    public virtual void Run(int times)
    {
        for (int i = 0; i < times; i++)
            Call();
    }

    /// <summary>The results of the last call, for the cross-check.</summary>
    public abstract IReadOnlyList<double[]> Results();

    public virtual void Dispose()
    {
    }

    protected abstract void Call();
}

/// <summary>One row of a suite: the same work, set up for every participant that can do it.</summary>
/// <param name="Shape">The shape in its one-line notation.</param>
/// <param name="Direction">Which part of the operation is run.</param>
/// <param name="Flops">Floating-point operations of a call, 0 where that says nothing.</param>
/// <param name="Bytes">Bytes that a call must at least read and write.</param>
/// <param name="Tolerance">The difference accepted in the cross-check, as a fraction of the largest result.</param>
internal sealed record Case(string Shape, string Direction, double Flops, double Bytes, double Tolerance)
{
    /// <summary>Whether the row counts in the geometric mean.</summary>
    public bool InMean { get; init; } = true;

    /// <summary>How many calls the reported time is for.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>Calls made before the cross-check: more than one where results build on each other.</summary>
    public int CheckedCalls { get; init; } = 1;

    /// <summary>Makes the data and the participants: SimdConv first, then the peers.</summary>
    public required Func<IReadOnlyList<Contestant>> Create { get; init; }
}

/// <summary>A family of rows.</summary>
internal interface ISuite
{
    string Name { get; }

    IEnumerable<Case> Cases(CompareOptions options, PeerSet peers);
}
