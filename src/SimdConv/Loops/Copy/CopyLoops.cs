namespace SimdConv.Loops;

/// <summary>
/// Copies of images between layouts, by blocks of a plane of two dimensions: rows of the target whose elements are neighbours
/// there. Where they are neighbours in the source too, rows are copied; where another dimension is contiguous in the source, a
/// block is transposed in registers.
/// <code>
/// item: block of rows and columns of a plane             shared out between threads
///   transpose, or rows one by one
/// </code>
/// </summary>
/// <remarks>
/// A block's rows of the target and of the source are some cache lines long and both stay in L1, so that lines which two tiles
/// share are read and written once, and few pages are open at a time.
/// </remarks>
internal static unsafe class CopyLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time, at least.</summary>
    private const int Grain = 1 << 15;

    public static void Run(in CopyProblem<T> problem, in Execution execution)
    {
        CopyBlocks blocks = CopyBlocks.Of(in problem, TVec.Count);
        Job job = new() { Problem = ref problem, Blocks = blocks };
        long planes = (long)problem.Outer.Count * problem.Outermost.Count / (blocks.IsJoined ? problem.Outer.Count : 1);
        WorkQueue.Run(ref job, planes * blocks.Count, execution.Threads, execution, Math.Max(1, Grain / blocks.Elements));
    }

    private ref struct Job : ISharedWork
    {
        public ref readonly CopyProblem<T> Problem;
        public CopyBlocks Blocks;

        public readonly void Run(ref WorkQueue queue)
        {
            CopyTile<TVec, T>.Scratch scratch = new(in Blocks);
            using Workspace workspace = new(scratch.Plan);
            CopyTile<TVec, T> tile = new(in Problem, in Blocks, workspace.At(scratch.Rows));
            while (queue.Next(out long item, out long last))
            {
                for (; item < last; item++)
                    tile.Copy((nint)item);
            }
        }
    }
}
