using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>One call of pooling: forward from Source to Target, backward from Source (dy) to Target (dx).</summary>
internal unsafe struct PoolProblem<T>
    where T : unmanaged
{
    public int Batch;
    public bool Backward;
    public T* Source, Target;

    /// <summary>The winning taps, or null.</summary>
    public byte* Winners;
    public ImageLayout SourceLayout, TargetLayout;
}

/// <summary>
/// Pooling, in one of three ways with the same sums: neighbouring windows in lanes (<see cref="PoolWindows{TVec, T}"/>), or where rows
/// of windows are too short, irregular or not contiguous, the same window of several planes (<see cref="PoolPlanes{TVec, T}"/>), of large
/// windows piece by piece (<see cref="PoolPieces{TVec, T}"/>).
/// <code>
/// item: plane or block of planes, strip of target rows      shared out between threads
///   forward: copy the strip's source rows; windows row by row
///   backward: read the strip's gradients and winners; each pixel collects what its windows give, taps ascending
/// </code>
/// Each target element is written once, whatever overlaps: threads share planes without atomics.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class PoolLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements that a thread takes at a time.</summary>
    private const int Grain = 1 << 14;

    public static void Run(PoolSchedule schedule, in PoolProblem<T> problem, Execution execution)
    {
        Job job = new() { Schedule = schedule, Problem = problem, InWindows = PoolWindows<TVec, T>.Suits(schedule, problem) };
        job.InPieces = !job.InWindows && PoolPieces<TVec, T>.Suits(schedule, problem);
        job.Strips = schedule.Strips(job.InWindows, problem.Backward);
        int together = job.InWindows ? PoolWindows<TVec, T>.Together(schedule, problem) : 1;
        long blocks = job.InWindows
            ? (((long)problem.Batch * schedule.Shape.C) + together - 1) / together
            : PoolPlanes<TVec, T>.Blocks(schedule, problem);
        job.PerBlock = job.InPieces ? PoolPieces<TVec, T>.Items(schedule, problem.Backward) : job.Strips.Count;
        job.Items = blocks * job.PerBlock;
        long perItem = job.InPieces
            ? Math.Max(1, (long)schedule.Shape.H * schedule.Shape.W / job.PerBlock) * TVec.Count
            : (long)Math.Max(job.Strips.Rows, job.Strips.SourceRows) * schedule.Shape.W * (job.InWindows ? together : TVec.Count);
        job.Grain = Math.Max(1, Grain / perItem);
        execution.Run((int)Math.Min(execution.Threads, (job.Items + job.Grain - 1) / job.Grain), &RunPart, &job);
    }

    private struct Job
    {
        public PoolSchedule Schedule;
        public PoolProblem<T> Problem;
        public bool InWindows, InPieces;
        public WindowStrips Strips;
        public long PerBlock, Items, Grain, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        if (job->InWindows)
        {
            using Workspace workspace = new(PoolWindows<TVec, T>.Bytes(job->Schedule, job->Problem));
            PoolWindows<TVec, T> windows = new(job->Schedule, job->Problem, workspace);
            for (long item; (item = Take(job, out long last)) < last;)
            {
                for (; item < last; item++)
                    windows.Run(item / job->PerBlock, (int)(item % job->PerBlock));
            }
        }
        else if (job->InPieces)
        {
            using Workspace workspace = new(PoolPieces<TVec, T>.Bytes);
            PoolPieces<TVec, T> pieces = new(job->Schedule, job->Problem, workspace);
            for (long item; (item = Take(job, out long last)) < last;)
            {
                for (; item < last; item++)
                    pieces.Run(item / job->PerBlock, item % job->PerBlock);
            }
        }
        else
        {
            using Workspace workspace = new(PoolPlanes<TVec, T>.Bytes(job->Schedule, job->Problem, job->Strips));
            PoolPlanes<TVec, T> planes = new(job->Schedule, job->Problem, job->Strips, workspace);
            for (long item; (item = Take(job, out long last)) < last;)
            {
                for (; item < last; item++)
                    planes.Run(item / job->PerBlock, (int)(item % job->PerBlock));
            }
        }
    }

    private static void Trace(Job* job, long first, long last)
    {
        CallTrace.Work();
        CallTrace.Reach(job->InWindows ? "windows in lanes" : job->InPieces ? "pieces" : "planes in lanes");
        for (long item = first; item < last; item++)
            CallTrace.Reach("strip", item % job->PerBlock);
    }

    /// <summary>The next items [first, last).</summary>
    private static long Take(Job* job, out long last)
    {
        long first = Math.Min(job->Items, Interlocked.Add(ref job->Next, job->Grain) - job->Grain);
        last = Math.Min(job->Items, first + job->Grain);
        if (CallTrace.IsOn && first < last)
            Trace(job, first, last);
        return first;
    }
}
