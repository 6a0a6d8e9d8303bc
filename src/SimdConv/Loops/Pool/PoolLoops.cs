using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>
/// Pooling, in one of four ways with the same sums: the same window of neighbouring images in lanes, where these are innermost
/// (<see cref="PoolImages{TVec, T}"/>); neighbouring windows in lanes (<see cref="PoolWindows{TVec, T}"/>); or where rows of
/// windows are too short, irregular or not contiguous, the same window of several planes (<see cref="PoolPlanes{TVec, T}"/>), of
/// large windows piece by piece (<see cref="PoolPieces{TVec, T}"/>).
/// <code>
/// item: plane or block of planes or images, strip of target rows      shared out between threads
///   forward: copy the strip's source rows; windows row by row
///   backward: read the strip's gradients and winners; each pixel adds what its windows contribute, taps ascending
/// </code>
/// Each target element is written once, whatever overlaps: threads share planes without atomics.
/// </summary>
internal sealed unsafe class PoolLoops<TVec, T>(PoolSchedule schedule) : PoolPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time.</summary>
    private const int Grain = 1 << 14;

    public override void Run(in PoolProblem<T> problem, Execution execution)
    {
        PoolWay way = PoolImages<TVec, T>.Suits(schedule, problem) ? PoolWay.Images
            : PoolWindows<TVec, T>.Suits(schedule, problem) ? PoolWay.Windows
            : PoolPieces<TVec, T>.Suits(schedule, problem) ? PoolWay.Pieces : PoolWay.Planes;
        Job job = new() { Schedule = schedule, Problem = ref problem, Way = way };
        if (way == PoolWay.Images)
        {
            job.PerBlock = schedule.ImageStrips(problem.Backward).Count;
            Share(ref job, PoolImages<TVec, T>.Items(schedule, problem), PoolImages<TVec, T>.ItemSize(schedule, problem),
                execution);
            return;
        }

        bool inWindows = way == PoolWay.Windows;
        job.Strips = schedule.Strips(inWindows, problem.Backward);
        int together = inWindows ? PoolWindows<TVec, T>.Together(schedule, problem) : 1;
        long blocks = inWindows
            ? Shapes.DivideUp((long)problem.Batch * schedule.Shape.C, together)
            : PoolPlanes<TVec, T>.Blocks(schedule, problem);
        job.PerBlock = way == PoolWay.Pieces ? PoolPieces<TVec, T>.Items(schedule, problem.Backward) : job.Strips.Count;
        long perItem = way == PoolWay.Pieces
            ? Math.Max(1, (long)schedule.Shape.H * schedule.Shape.W / job.PerBlock) * TVec.Count
            : (long)Math.Max(job.Strips.Rows, job.Strips.SourceRows) * schedule.Shape.W * (inWindows ? together : TVec.Count);
        Share(ref job, blocks * job.PerBlock, perItem, execution);
    }

    private static void Share(ref Job job, long items, long perItem, in Execution execution) =>
        WorkQueue.Run(ref job, items, execution.Threads, execution, Math.Max(1, Grain / perItem));

    public override string ToString() => schedule.Kind.ToString();

    private ref struct Job : ISharedWork
    {
        public PoolSchedule Schedule;
        public ref readonly PoolProblem<T> Problem;
        public PoolWay Way;
        public WindowStrips Strips;
        public long PerBlock;

        public readonly void Run(ref WorkQueue queue)
        {
            switch (Way)
            {
                case PoolWay.Images:
                    RunImages(ref queue);
                    break;
                case PoolWay.Windows:
                    RunWindows(ref queue);
                    break;
                case PoolWay.Pieces:
                    RunPieces(ref queue);
                    break;
                default:
                    RunPlanes(ref queue);
                    break;
            }
        }

        private readonly void RunImages(ref WorkQueue queue)
        {
            PoolImages<TVec, T>.Scratch scratch = new(Schedule, Problem);
            using Workspace workspace = new(scratch.Plan);
            PoolImages<TVec, T> images = new(Schedule, Problem, scratch, workspace);
            while (Next(ref queue, out long item, out long last))
            {
                for (; item < last; item++)
                    images.Run(item);
            }
        }

        private readonly void RunWindows(ref WorkQueue queue)
        {
            PoolWindows<TVec, T>.Scratch scratch = new(Schedule, Problem);
            using Workspace workspace = new(scratch.Plan);
            PoolWindows<TVec, T> windows = new(Schedule, Problem, scratch, workspace);
            while (Next(ref queue, out long item, out long last))
            {
                for (; item < last; item++)
                    windows.Run(item / PerBlock, (int)(item % PerBlock));
            }
        }

        private readonly void RunPieces(ref WorkQueue queue)
        {
            PoolPieces<TVec, T>.Scratch scratch = new();
            using Workspace workspace = new(scratch.Plan);
            PoolPieces<TVec, T> pieces = new(Schedule, Problem, scratch, workspace);
            while (Next(ref queue, out long item, out long last))
            {
                for (; item < last; item++)
                    pieces.Run(item / PerBlock, item % PerBlock);
            }
        }

        private readonly void RunPlanes(ref WorkQueue queue)
        {
            PoolPlanes<TVec, T>.Scratch scratch = new(Schedule, Problem, Strips);
            using Workspace workspace = new(scratch.Plan);
            PoolPlanes<TVec, T> planes = new(Schedule, Problem, Strips, scratch, workspace);
            while (Next(ref queue, out long item, out long last))
            {
                for (; item < last; item++)
                    planes.Run(item / PerBlock, (int)(item % PerBlock));
            }
        }

        private readonly bool Next(ref WorkQueue queue, out long first, out long last)
        {
            bool isItem = queue.Next(out first, out last);
            if (CallTrace.IsOn && isItem)
                Trace(first, last);
            return isItem;
        }

        private readonly void Trace(long first, long last)
        {
            CallTrace.Reach(Way switch
            {
                PoolWay.Images => "images in lanes",
                PoolWay.Windows => "windows in lanes",
                PoolWay.Pieces => "pieces",
                _ => "planes in lanes",
            });
            for (long item = first; item < last; item++)
                CallTrace.Reach("strip", item % PerBlock);
        }
    }
}
