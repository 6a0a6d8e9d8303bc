using System.Runtime.InteropServices;

namespace SimdConv.Cli.Distributed;

/// <summary>
/// Moves bytes between the processes (ranks) that train together. Nothing is added on the way, so that no result depends on how
/// an engine moves them. All ranks call the same methods in the same order.
/// </summary>
internal interface IExchange : IDisposable
{
    /// <summary>The number of this process, 0 to <see cref="Ranks"/> - 1.</summary>
    int Rank { get; }

    int Ranks { get; }

    /// <summary>How the engine calls itself, for people; empty for a process alone.</summary>
    string Engine { get; }

    /// <summary>Brings what each rank gives to all ranks.</summary>
    /// <param name="mine">What this rank gives.</param>
    /// <param name="all">Takes what the ranks give, one behind the other, in the order of ranks.</param>
    /// <param name="counts">Bytes of each rank.</param>
    void Gather(ReadOnlySpan<byte> mine, Span<byte> all, int[] counts);

    /// <summary>Brings to each rank what the others have for that rank.</summary>
    /// <param name="sent">What this rank has for each rank, one behind the other, in the order of ranks.</param>
    /// <param name="sentCounts">Bytes for each rank.</param>
    /// <param name="received">Takes what the ranks have for this one, in the order of ranks.</param>
    /// <param name="receivedCounts">Bytes from each rank.</param>
    void Swap(ReadOnlySpan<byte> sent, int[] sentCounts, Span<byte> received, int[] receivedCounts);

    /// <summary>Brings any number of elements of each rank to all ranks, in the order of ranks.</summary>
    T[] GatherAll<T>(ReadOnlySpan<T> mine)
        where T : unmanaged
    {
        int[] lengths = new int[Ranks], fours = new int[Ranks];
        Array.Fill(fours, sizeof(int));
        int length = mine.Length, size = MemoryMarshal.AsBytes<T>(new T[1]).Length;
        Gather(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in length)), MemoryMarshal.AsBytes(lengths.AsSpan()), fours);
        T[] all = new T[lengths.Sum()];
        Gather(MemoryMarshal.AsBytes(mine), MemoryMarshal.AsBytes(all.AsSpan()),
            [.. lengths.Select(count => checked(count * size))]);
        return all;
    }

    /// <summary>
    /// Waits for all ranks. Where one has failed instead (<see cref="Fail"/>), this rank ends too, without a message.
    /// </summary>
    /// <exception cref="ReportedException">Another rank has failed.</exception>
    void RequireAll() => Agree(0);

    /// <summary>
    /// Tells the other ranks, which call this or <see cref="RequireAll"/> at the same point, that this one fails. Of several that
    /// fail the lowest reports the failure; for others this doesn't return.
    /// </summary>
    void Fail(int exitCode) => Agree(exitCode);

    private void Agree(int exitCode)
    {
        int[] codes = GatherAll<int>([exitCode]);
        int first = Array.FindIndex(codes, code => code != 0);
        if (first >= 0 && first != Rank)
            throw new ReportedException(codes[first]);
    }

    /// <summary>Ends all ranks at once, for a failure that the others don't know of.</summary>
    void Abort(int exitCode);
}
