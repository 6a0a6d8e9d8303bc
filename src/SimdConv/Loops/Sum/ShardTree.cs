namespace SimdConv.Loops;

/// <summary>Vectors of subtrees that are added as far as the tree goes.</summary>
internal unsafe struct ShardTree<T>
    where T : unmanaged
{
    /// <summary>Shards of the whole tree, subtrees, and the elements of a vector.</summary>
    public int Shards, Count, Length;

    /// <summary>The shard at which each subtree begins, and behind the last shard of the last one.</summary>
    public int* Starts;

    /// <inheritdoc cref="Starts"/>
    public int End;

    /// <summary>The vectors, one behind the other.</summary>
    public T* Values;
}
