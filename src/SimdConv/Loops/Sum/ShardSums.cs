using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Adds the vectors of subtrees. A block of elements goes through the whole tree while it is in L1; blocks are shared out between
/// threads.
/// </summary>
internal static unsafe class ShardSums<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of a block, and blocks that a thread takes at a time.</summary>
    private const int Block = 1024, Grain = 16;

    public static void Run(in ShardTree<T> tree, in Execution execution)
    {
        Job job = new() { Tree = tree };
        WorkQueue.Run(ref job, ((long)tree.Length + Block - 1) / Block, execution.Threads, execution, Grain);
    }

    private struct Job : ISharedWork
    {
        public ShardTree<T> Tree;

        public readonly void Run(ref WorkQueue queue)
        {
            int* alive = stackalloc int[Tree.Count];
            while (queue.Next(out long item, out long last))
            {
                for (; item < last; item++)
                    AddBlock((int)item * Block, alive);
            }
        }

        /// <summary>The steps of the tree, over the elements of one block.</summary>
        /// <param name="offset">The first element.</param>
        /// <param name="alive">Takes the subtrees that no other has taken yet.</param>
        private readonly void AddBlock(int offset, int* alive)
        {
            T* values = Tree.Values + offset;
            int length = Math.Min(Block, Tree.Length - offset), count = Tree.Count;
            for (int i = 0; i < count; i++)
                alive[i] = i;
            for (int step = 1; step < Tree.Shards && count > 1; step *= 2)
            {
                int kept = 0;
                for (int i = 0; i < count; i++)
                {
                    int left = alive[i];
                    alive[kept++] = left;
                    if (i + 1 == count || !AreNeighbours(left, alive[i + 1], i + 2 < count ? alive[i + 2] : -1, step))
                        continue;
                    RowCopy<TVec, T>.Add(values + ((nint)alive[i + 1] * Tree.Length), values + ((nint)left * Tree.Length),
                        length);
                    i++;
                }

                count = kept;
            }
        }

        /// <summary>
        /// Whether two subtrees are the halves of one at a step: the right one must be whole.
        /// </summary>
        private readonly bool AreNeighbours(int left, int right, int behind, int step)
        {
            int first = Tree.Starts[left], end = behind < 0 ? Tree.End : Tree.Starts[behind];
            return first % (2 * step) == 0 && Tree.Starts[right] == first + step
                && end == Math.Min(first + (2 * step), Tree.Shards);
        }
    }
}
