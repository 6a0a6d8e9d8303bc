using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>One call of im2col, or of col2im where Fold is set.</summary>
internal unsafe struct ColumnProblem<T>
    where T : unmanaged
{
    public int Batch;
    public T* X, Columns;
    public ColumnLayout Layout;
    public ImageLayout Image;
    public bool Fold;
}

/// <summary>
/// im2col (<see cref="ColumnCopies{TVec, T}"/>) and col2im (<see cref="ColumnSums{TVec, T}"/>) by planes, which are independent: threads
/// share them without atomics.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class ColumnLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of the columns that a thread takes at a time, at least.</summary>
    private const int Grain = 1 << 14;

    public static void Run(IndexTable table, in ColumnProblem<T> problem, Execution execution)
    {
        Job job = new() { Table = table, Problem = problem, Planes = (long)problem.Batch * table.Shape.C };
        job.Grain = (Grain / ((long)table.Shape.R * table.Shape.S * table.Columns)) + 1;
        execution.Run((int)Math.Min(execution.Threads, (job.Planes + job.Grain - 1) / job.Grain), &RunPart, &job);
    }

    private struct Job
    {
        public IndexTable Table;
        public ColumnProblem<T> Problem;
        public long Planes, Grain, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        if (job->Problem.Fold)
        {
            using Workspace workspace = new(ColumnSums<TVec, T>.Bytes(job->Table));
            ColumnSums<TVec, T> sums = new(job->Table, job->Problem.Layout.Ld, workspace);
            for (long plane; (plane = Take(job, out long last)) < last;)
            {
                for (; plane < last; plane++)
                    sums.Run(ColumnsAt(job, plane), PlaneAt(job, plane));
            }
        }
        else
        {
            using Workspace workspace = new(ColumnCopies<TVec, T>.Bytes(job->Table));
            ColumnCopies<TVec, T> copies = new(job->Table, job->Problem.Layout.Ld, workspace);
            for (long plane; (plane = Take(job, out long last)) < last;)
            {
                for (; plane < last; plane++)
                    copies.Run(PlaneAt(job, plane), ColumnsAt(job, plane));
            }
        }
    }

    /// <summary>The next planes [first, last).</summary>
    private static long Take(Job* job, out long last)
    {
        long first = Math.Min(job->Planes, Interlocked.Add(ref job->Next, job->Grain) - job->Grain);
        last = Math.Min(job->Planes, first + job->Grain);
        return first;
    }

    private static T* PlaneAt(Job* job, long plane)
    {
        (long image, long channel) = Math.DivRem(plane, job->Table.Shape.C);
        return job->Problem.X + ((nint)image * job->Problem.Image.N) + ((nint)channel * job->Problem.Image.C);
    }

    private static T* ColumnsAt(Job* job, long plane)
    {
        (long image, long channel) = Math.DivRem(plane, job->Table.Shape.C);
        return job->Problem.Columns + ((nint)image * job->Problem.Layout.ImageStride)
            + ((nint)channel * job->Table.Shape.R * job->Table.Shape.S * job->Problem.Layout.Ld);
    }
}
