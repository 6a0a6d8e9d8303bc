using System.Runtime.InteropServices;

namespace SimdConv.Cli.Distributed;

/// <summary>
/// Adds the gradients of all shards, which several ranks hold, by the tree of <see cref="OrderedSum"/>. Each rank adds what the
/// tree adds among its own shards; then each element is brought to one rank, its owner, which adds what is left of the tree; then
/// the sums are brought to all. A rank sends and receives about two gradients, as with the best reductions that have no order.
/// </summary>
internal sealed class ShardSum
{
    /// <summary>Owners begin at whole cache lines.</summary>
    private const int Line = 32;

    private readonly ShardCut cut;
    private readonly IExchange exchange;
    private readonly Execution execution;
    private readonly int length;
    private readonly int[] mine, all;
    private readonly int[][] subtrees;
    private readonly int[] sent, received, owned, scoreCounts;
    private readonly float[] outgoing, incoming, sum;
    private readonly byte[] scoreBytes;

    /// <param name="cut">Who holds which shards.</param>
    /// <param name="exchange">Moves bytes.</param>
    /// <param name="length">Elements of a gradient.</param>
    /// <param name="execution">Threads and tier of the additions.</param>
    public ShardSum(ShardCut cut, IExchange exchange, int length, Execution execution)
    {
        (this.cut, this.exchange, this.length, this.execution) = (cut, exchange, length, execution);
        int ranks = exchange.Ranks;
        subtrees = [.. Enumerable.Range(0, ranks).Select(
            rank => OrderedSum.Subtrees(cut.Shards, cut.FirstOf(rank), cut.FirstOf(rank + 1)))];
        mine = [.. Enumerable.Range(cut.First, cut.Count)];
        all = [.. subtrees.SelectMany(starts => starts)];
        scoreCounts = [.. Enumerable.Range(0, ranks).Select(
            rank => Marshal.SizeOf<ShardScore>() * Math.Max(1, cut.FirstOf(rank + 1) - cut.FirstOf(rank)))];
        scoreBytes = new byte[scoreCounts.Sum()];
        int own = Owned(exchange.Rank), trees = subtrees[exchange.Rank].Length;
        sent = [.. Enumerable.Range(0, ranks).Select(rank => checked(sizeof(float) * trees * Owned(rank)))];
        received = [.. subtrees.Select(starts => checked(sizeof(float) * starts.Length * own))];
        owned = [.. Enumerable.Range(0, ranks).Select(rank => sizeof(float) * Owned(rank))];
        outgoing = new float[ranks > 1 ? trees * length : 0];
        incoming = new float[ranks > 1 ? all.Length * own : 0];
        sum = new float[ranks > 1 ? length : 0];
    }

    /// <summary>The sum of all shards' gradients, the same on every rank.</summary>
    /// <param name="gradients">A gradient for each shard of this rank, one behind the other; used as scratch.</param>
    public ReadOnlySpan<float> Add(Span<float> gradients)
    {
        OrderedSum.Merge(cut.Shards, mine, cut.End, length, gradients, execution);
        if (exchange.Ranks == 1)
            return gradients[..length];
        int[] trees = subtrees[exchange.Rank];
        int at = 0;
        for (int rank = 0; rank < exchange.Ranks; rank++)
        {
            foreach (int tree in trees)
            {
                gradients.Slice(((tree - cut.First) * length) + Start(rank), Owned(rank)).CopyTo(outgoing.AsSpan(at));
                at += Owned(rank);
            }
        }

        exchange.Swap(MemoryMarshal.AsBytes<float>(outgoing), sent, MemoryMarshal.AsBytes(incoming.AsSpan()), received);
        int own = Owned(exchange.Rank);
        OrderedSum.Merge<float>(cut.Shards, all, cut.Shards, own, incoming, execution);
        exchange.Gather(MemoryMarshal.AsBytes(incoming.AsSpan(0, own)), MemoryMarshal.AsBytes(sum.AsSpan()), owned);
        return sum;
    }

    /// <summary>The sum of all shards' scores in the order of shards, the same on every rank, and whether some rank was told to
    /// stop.</summary>
    /// <param name="scores">One for each shard of this rank.</param>
    /// <param name="stop">Whether this rank was told to stop.</param>
    public ShardScore Add(ReadOnlySpan<ShardScore> scores, bool stop)
    {
        // A rank without shards tells whether it was told to stop too.
        ShardScore[] told = [.. scores, .. scores.IsEmpty ? (ReadOnlySpan<ShardScore>)[default] : []];
        told[0] = told[0] with { Stops = stop ? 1 : 0 };
        exchange.Gather(MemoryMarshal.AsBytes<ShardScore>(told), scoreBytes, scoreCounts);
        ShardScore total = default;
        foreach (ShardScore score in MemoryMarshal.Cast<byte, ShardScore>(scoreBytes))
        {
            total = new(
                total.Loss + score.Loss, total.Correct + score.Correct, total.Stops + score.Stops);
        }

        return total;
    }

    private int Start(int rank) => rank == exchange.Ranks
        ? length
        : (int)((long)length * rank / exchange.Ranks / Line * Line);

    private int Owned(int rank) => Start(rank + 1) - Start(rank);
}
