using System.Runtime.InteropServices;
using System.Text;

namespace SimdConv.Cli.Distributed;

/// <summary>Ranks that a launcher of MPI has started. MPI moves bytes here; no reduction of its own is used.</summary>
internal sealed class MpiExchange : IExchange
{
    private readonly int[] sentOffsets, receivedOffsets;

    /// <exception cref="InputException">There is no library of MPI, or it can't begin.</exception>
    public MpiExchange()
    {
        Mpi.Load();
        Require(Mpi.MPI_Init(0, 0), nameof(Mpi.MPI_Init));
        Require(Mpi.MPI_Comm_rank(Mpi.World, out int rank), nameof(Mpi.MPI_Comm_rank));
        Require(Mpi.MPI_Comm_size(Mpi.World, out int ranks), nameof(Mpi.MPI_Comm_size));
        byte[] text = new byte[1 << 14];
        Require(Mpi.MPI_Get_library_version(ref text[0], out int length), nameof(Mpi.MPI_Get_library_version));
        Engine = Encoding.UTF8.GetString(text, 0, length).TrimEnd('\0').Split(',', '\n')[0].Trim();
        (Rank, Ranks) = (rank, ranks);
        (sentOffsets, receivedOffsets) = (new int[ranks], new int[ranks]);
    }

    public int Rank { get; }

    public int Ranks { get; }

    public string Engine { get; }

    public void Gather(ReadOnlySpan<byte> mine, Span<byte> all, int[] counts)
    {
        Place(counts, receivedOffsets);
        Require(Mpi.MPI_Allgatherv(ref MemoryMarshal.GetReference(mine), mine.Length, Mpi.Byte,
            ref MemoryMarshal.GetReference(all), counts, receivedOffsets, Mpi.Byte, Mpi.World), nameof(Mpi.MPI_Allgatherv));
    }

    public void Swap(ReadOnlySpan<byte> sent, int[] sentCounts, Span<byte> received, int[] receivedCounts)
    {
        Place(sentCounts, sentOffsets);
        Place(receivedCounts, receivedOffsets);
        Require(Mpi.MPI_Alltoallv(ref MemoryMarshal.GetReference(sent), sentCounts, sentOffsets, Mpi.Byte,
            ref MemoryMarshal.GetReference(received), receivedCounts, receivedOffsets, Mpi.Byte, Mpi.World),
            nameof(Mpi.MPI_Alltoallv));
    }

    public void Abort(int exitCode) => _ = Mpi.MPI_Abort(Mpi.World, exitCode);

    public void Dispose() => _ = Mpi.MPI_Finalize();

    private static void Place(int[] counts, int[] offsets)
    {
        for (int i = 1; i < counts.Length; i++)
            offsets[i] = checked(offsets[i - 1] + counts[i - 1]);
    }

    /// <summary>By default MPI ends all processes where a call fails; this is for libraries that are told otherwise.</summary>
    private static void Require(int result, string function)
    {
        if (result != Mpi.Success)
            throw new IOException($"{function} returned {result}");
    }
}
