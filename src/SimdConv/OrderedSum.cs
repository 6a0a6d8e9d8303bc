using SimdConv.Loops;

namespace SimdConv;

/// <summary>
/// The sum of equally long vectors, such as the gradients that the shards of a batch give, in the order of a fixed tree: whoever
/// adds which part of the vectors, on any number of threads, processes or machines, ends with the same bits.
/// </summary>
/// <remarks>
/// <para>
/// The tree is balanced and depends on the number of shards alone. At the steps s = 1, 2, 4, ... the sum that begins at shard i,
/// a multiple of 2 s, takes the sum that begins at shard i + s, if there is such a shard. So the sum that begins at a multiple i
/// of 2^l is, after l steps, that of shards i to min(i + 2^l, shards) - 1: a subtree. Each addition is rounded once.
/// </para>
/// <para>
/// Who holds the shards first to end - 1 adds what the tree adds among them (<see cref="Merge"/>), which leaves few subtrees
/// (<see cref="Subtrees"/>), at most 2 log2(shards). The subtrees of all holders, brought together in ascending order, are merged
/// the same way, to the whole sum.
/// </para>
/// </remarks>
public static unsafe class OrderedSum
{
    /// <summary>The most shards.</summary>
    public const int MaxShards = 1024;

    /// <summary>Adds all shards.</summary>
    /// <param name="shards">How many vectors there are, 1 to <see cref="MaxShards"/>.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="values">The vectors, one behind the other. The first becomes the sum; the others are left with partial
    /// sums.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    /// <exception cref="ArgumentException">The values are too few, or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Add<T>(int shards, int length, Span<T> values, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireShards(shards);
        Span<int> starts = stackalloc int[shards];
        for (int i = 0; i < shards; i++)
            starts[i] = i;
        Merge(shards, starts, shards, length, values, execution);
    }

    /// <summary>
    /// Adds what the tree adds among the subtrees that somebody holds. The vector of a subtree that remains
    /// (<see cref="Subtrees"/>) is where that of its first shard was.
    /// </summary>
    /// <param name="shards">Shards of the whole tree, 1 to <see cref="MaxShards"/>.</param>
    /// <param name="starts">The shard at which each subtree begins, ascending: single shards, or what <see cref="Subtrees"/>
    /// gave.</param>
    /// <param name="end">Behind the last shard of the last subtree.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="values">A vector for each subtree, one behind the other; changed in place.</param>
    /// <param name="execution">Threads, scheduler and tier.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    /// <exception cref="ArgumentException">A start and the next one, or the end, are not the bounds of a subtree; the values are
    /// too few; or the tier is not available.</exception>
    /// <exception cref="NotSupportedException">T is neither float nor double.</exception>
    public static void Merge<T>(
        int shards, ReadOnlySpan<int> starts, int end, int length, Span<T> values, Execution execution = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentErrors.RequireElementType<T>();
        SimdTier tier = execution.Validate();
        RequireShards(shards);
        ArgumentErrors.RequireAtLeast(length, 0, nameof(length));
        RequireSubtrees(shards, starts, end);
        if (values.Length < (long)starts.Length * length)
        {
            throw ArgumentErrors.TooShort(
                nameof(values), values.Length, (long)starts.Length * length, $"{starts.Length} vectors of {length}");
        }

        if (Telemetry.IsOn && Telemetry.Count<T>(Operation.OrderedSum, tier))
            Telemetry.Tell<T>(Operation.OrderedSum, tier, $"{starts.Length} x {length}", $"of {shards} shards");
        if (starts.Length < 2 || length == 0)
            return;
        fixed (T* data = values)
        fixed (int* first = starts)
        {
            ShardTree<T> tree = new()
            {
                Shards = shards,
                Count = starts.Length,
                Length = length,
                Starts = first,
                End = end,
                Values = data,
            };
            TierLoops<T>.For(tier).Add(in tree, in execution);
        }
    }

    /// <summary>The subtrees that shards first to end - 1 add up to: as few as there can be.</summary>
    /// <param name="shards">Shards of the whole tree, 1 to <see cref="MaxShards"/>.</param>
    /// <param name="first">The first shard, 0 to <paramref name="end"/>.</param>
    /// <param name="end">Behind the last shard, at most <paramref name="shards"/>.</param>
    /// <returns>The shard at which each begins, ascending; none if there is no shard.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public static int[] Subtrees(int shards, int first, int end)
    {
        RequireShards(shards);
        if (end < 0 || end > shards)
            throw ArgumentErrors.OutOfRange(nameof(end), end, $"0 to {shards}, the number of shards");
        if (first < 0 || first > end)
            throw ArgumentErrors.OutOfRange(nameof(first), first, $"0 to {end}, the end");
        List<int> starts = [];
        while (first < end)
        {
            starts.Add(first);
            int next = first;
            for (int step = 1; first % step == 0 && Math.Min(first + step, shards) <= end && next < shards; step *= 2)
                next = Math.Min(first + step, shards);
            first = next;
        }

        return [.. starts];
    }

    private static void RequireShards(int shards)
    {
        if (shards is < 1 or > MaxShards)
            throw ArgumentErrors.OutOfRange(nameof(shards), shards, $"1 to {MaxShards}");
    }

    private static void RequireSubtrees(int shards, ReadOnlySpan<int> starts, int end)
    {
        if (end < 0 || end > shards)
            throw ArgumentErrors.OutOfRange(nameof(end), end, $"0 to {shards}, the number of shards");
        for (int i = 0; i < starts.Length; i++)
        {
            int first = starts[i], next = i + 1 < starts.Length ? starts[i + 1] : end, size = next - first;
            if (first < 0 || size < 1 || next > shards || !IsSubtree(first, size, shards))
            {
                throw new ArgumentException(
                    $"starts[{i}] is {first} and the next one, or the end, {next}; expected the bounds of a subtree of {shards} "
                    + "shards: a multiple of a power of two, and as many shards as that power, or all that are left.",
                    nameof(starts));
            }
        }
    }

    /// <summary>Whether as many shards from the first on are a subtree.</summary>
    private static bool IsSubtree(int first, int size, int shards)
    {
        int step = (int)BitOperations.RoundUpToPowerOf2((uint)size);
        return first % step == 0 && (size == step || first + size == shards);
    }
}
