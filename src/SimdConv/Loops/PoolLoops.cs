using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>One call of pooling: forward from Source to Target, backward from Source (dy) to Target (dx).</summary>
internal unsafe struct PoolProblem<T>
    where T : unmanaged
{
    public int Batch;
    public bool Backward;
    public T* Source, Target;

    /// <summary>Elements that Source spans.</summary>
    public long SourceLength;

    /// <summary>The winning taps, or null.</summary>
    public byte* Winners;
    public ImageLayout SourceLayout, TargetLayout;
}

/// <summary>One plane in work.</summary>
internal unsafe struct PoolPlane<T>
    where T : unmanaged
{
    public PoolSchedule Schedule;
    public T* Source, Target;

    /// <summary>Behind the last element of the whole batch: up to there a register may read more than its windows need.</summary>
    public T* SourceEnd;
    public byte* Winners;
    public ImageLayout SourceLayout, TargetLayout;

    /// <summary>For each column what it counts for in an average.</summary>
    public T* Counts;

    /// <summary>Backward: P rows of Q elements, what each window has to give and to which tap.</summary>
    public T* Given, Taps;
}

/// <summary>
/// Pooling by planes and output rows: a register holds neighbouring windows, and each tap of theirs is one load, strided where the
/// windows are. Windows that hang over a side of the image run through the same code one at a time, with fewer taps.
/// Backward, what windows give is added to the plane tap by tap, taps ascending in (r, s).
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
        Pool2DShape shape = schedule.Shape;
        long planes = (long)problem.Batch * shape.C;
        Job job = new() { Schedule = schedule, Problem = problem, Planes = planes, Grain = Math.Max(1, Grain / (shape.H * shape.W)) };
        long items = (planes + job.Grain - 1) / job.Grain;
        execution.Run((int)Math.Min(execution.Threads, items), &RunPart, &job);
    }

    private struct Job
    {
        public PoolSchedule Schedule;
        public PoolProblem<T> Problem;
        public int Grain;
        public long Planes, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        PoolSchedule schedule = job->Schedule;
        ref readonly PoolProblem<T> problem = ref job->Problem;
        Pool2DShape shape = schedule.Shape;
        long outputs = problem.Backward ? (long)shape.P * shape.Q : 0;
        using Workspace workspace = new(Workspace.SizeOf<T>(shape.Q) + (2 * Workspace.SizeOf<T>(outputs)));
        PoolPlane<T> plane = new()
        {
            Schedule = schedule,
            SourceEnd = problem.Source + problem.SourceLength,
            SourceLayout = problem.SourceLayout,
            TargetLayout = problem.TargetLayout,
            Counts = workspace.Take<T>(shape.Q),
            Given = workspace.Take<T>(outputs),
            Taps = workspace.Take<T>(outputs),
        };
        for (int q = 0; q < shape.Q; q++)
            plane.Counts[q] = T.CreateTruncating(schedule.Columns.Counts[q]);
        for (long first; (first = Interlocked.Add(ref job->Next, job->Grain) - job->Grain) < job->Planes;)
        {
            for (long index = first; index < Math.Min(first + job->Grain, job->Planes); index++)
            {
                nint image = (nint)(index / shape.C), channel = (nint)(index % shape.C);
                plane.Source = problem.Source + (image * problem.SourceLayout.N) + (channel * problem.SourceLayout.C);
                plane.Target = problem.Target + (image * problem.TargetLayout.N) + (channel * problem.TargetLayout.C);
                plane.Winners = problem.Winners == null ? null : problem.Winners + ((nint)index * shape.P * shape.Q * schedule.WinnerSize);
                if (problem.Backward)
                    PoolBackward<TVec, T>.Run(in plane);
                else
                    PoolForward<TVec, T>.Run(in plane);
            }
        }
    }
}
