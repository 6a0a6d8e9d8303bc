using SimdConv.Cli.Distributed;

namespace SimdConv.Tests.Distributed;

/// <summary>Ranks as threads of this process, which exchange bytes through its memory.</summary>
internal sealed class RankThreads : IDisposable
{
    private readonly Barrier barrier;
    private readonly byte[][] given, places;
    private readonly int[][] givenCounts;

    private RankThreads(int ranks)
    {
        barrier = new Barrier(ranks);
        (given, places, givenCounts) = (new byte[ranks][], new byte[ranks][], new int[ranks][]);
    }

    /// <summary>Runs something on each rank at once; what each gave, in the order of ranks.</summary>
    public static T[] Run<T>(int ranks, Func<IExchange, T> run)
    {
        using RankThreads all = new(ranks);
        T[] results = new T[ranks];
        Exception?[] failures = new Exception?[ranks];
        Thread[] threads = [.. Enumerable.Range(0, ranks).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = run(new Exchange(all, rank));
            }
            catch (Exception error)
            {
                failures[rank] = error;
                all.barrier.RemoveParticipant();
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        if (failures.FirstOrDefault(failure => failure is not null and not ReportedException) is { } first)
            throw first;
        return results;
    }

    public void Dispose() => barrier.Dispose();

    private sealed class Exchange(RankThreads all, int rank) : IExchange
    {
        public int Rank => rank;

        public int Ranks => all.given.Length;

        public string Engine => "threads";

        public void Gather(ReadOnlySpan<byte> mine, Span<byte> result, int[] counts)
        {
            Assert.Equal(counts[rank], mine.Length);
            Assert.Equal(counts.Sum(), result.Length);
            all.given[rank] = mine.ToArray();
            all.barrier.SignalAndWait();
            int at = 0;
            foreach (byte[] bytes in all.given)
            {
                bytes.CopyTo(result[at..]);
                at += bytes.Length;
            }

            all.barrier.SignalAndWait();
        }

        public void Swap(ReadOnlySpan<byte> sent, int[] sentCounts, Span<byte> received, int[] receivedCounts)
        {
            Assert.Equal(sentCounts.Sum(), sent.Length);
            Assert.Equal(receivedCounts.Sum(), received.Length);
            (all.places[rank], all.givenCounts[rank]) = (sent.ToArray(), (int[])sentCounts.Clone());
            all.barrier.SignalAndWait();
            int at = 0;
            for (int from = 0; from < Ranks; from++)
            {
                Assert.Equal(receivedCounts[from], all.givenCounts[from][rank]);
                all.places[from].AsSpan(all.givenCounts[from][..rank].Sum(), receivedCounts[from]).CopyTo(received[at..]);
                at += receivedCounts[from];
            }

            all.barrier.SignalAndWait();
        }

        public void Abort(int exitCode) => throw new InvalidOperationException($"rank {rank} aborts with {exitCode}");

        public void Dispose()
        {
        }
    }
}
