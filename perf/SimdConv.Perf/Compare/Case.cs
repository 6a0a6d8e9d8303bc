namespace SimdConv.Perf.Compare;

/// <summary>One row of a suite: the same work, set up for every participant that can do it.</summary>
/// <param name="Network">What the shape belongs to: the name of its file.</param>
/// <param name="Shape">The shape in its one-line notation.</param>
/// <param name="Direction">Which part of the operation is run.</param>
/// <param name="Flops">Floating-point operations of a call, 0 where that says nothing.</param>
/// <param name="Traffic">What a call must at least read and write.</param>
/// <param name="Tolerance">The difference accepted in the cross-check, as a fraction of the largest result.</param>
internal sealed record Case(string Network, string Shape, string Direction, double Flops, Traffic Traffic, double Tolerance)
{
    // How many operations a core can do while it fetches a byte from memory.
    private const double FlopsPerByte = 6;

    /// <summary>Whether the row counts in the geometric means.</summary>
    public bool InMean { get; init; } = true;

    /// <summary>How many calls the reported time is for.</summary>
    public int Scale { get; init; } = 1;

    /// <summary>Whether memory limits the call: then a plain copy of as many bytes is timed along with it.</summary>
    public bool IsBoundByMemory => Traffic.Bytes > 0 && Flops < FlopsPerByte * Traffic.Bytes;

    /// <summary>Makes the data and the participants: SimdConv first, then the peers.</summary>
    public required Func<IReadOnlyList<Contestant>> Create { get; init; }

    /// <summary>What else is to be said about the participants, after they were timed: a line each.</summary>
    public Func<IReadOnlyList<Contestant>, IEnumerable<string>> Remarks { get; init; } = _ => [];
}

/// <summary>Bytes that go to and from memory, each counted once.</summary>
internal readonly record struct Traffic(long Read, long Written)
{
    public long Bytes => Read + Written;

    public static Traffic operator +(Traffic a, Traffic b) => new(a.Read + b.Read, a.Written + b.Written);
}

/// <summary>A family of rows.</summary>
internal interface ISuite
{
    string Name { get; }

    IEnumerable<Case> Cases(CompareOptions options, PeerSet peers);
}
