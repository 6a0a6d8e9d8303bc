using System.Numerics;
using SimdConv.Core;
using SimdConv.Kernels;
using SimdConv.Packing;

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
/// im2col and col2im by planes. im2col pads and splits some rows of the image, of which each tap is then a copy of whole rows; of
/// col2im see <see cref="ColumnSums{TVec, T}"/>. Planes are independent, so threads share them without atomics.
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
            SplitRows<TVec, T> split = new(job->Table.Horizontal, job->Table.Strips.SourceRows, contiguous: true);
            long zerosSize = job->Table.Shape.Q + TVec.Count;
            using Workspace workspace = new(Workspace.SizeOf<T>(split.Length) + Workspace.SizeOf<T>(zerosSize));
            T* rows = workspace.Take<T>(split.Length), zeros = workspace.Take<T>(zerosSize);
            new Span<T>(zeros, (int)zerosSize).Clear();
            for (long plane; (plane = Take(job, out long last)) < last;)
            {
                for (; plane < last; plane++)
                    Unfold(job->Table, split, PlaneAt(job, plane), ColumnsAt(job, plane), job->Problem.Layout.Ld, rows, zeros);
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

    private static void Unfold(IndexTable table, in SplitRows<TVec, T> split, T* x, T* columns, nint ld, T* rows, T* zeros)
    {
        WindowAxis axis = table.Vertical;
        int width = table.Horizontal.Windows;
        for (int strip = 0; strip < table.Strips.Count; strip++)
        {
            (int first, int last, int sourceFirst, int sourceLast) = table.Strips[strip];
            split.Split(x + ((nint)sourceFirst * table.Shape.W), table.Shape.W, sourceLast - sourceFirst, T.Zero, rows);
            T* to = columns + ((nint)first * width);
            for (int r = 0; r < table.Shape.R; r++)
            {
                // The windows of the strip whose row of taps lies in the image.
                int inside = first, below = last;
                while (inside < last && r < axis.Taps[inside].First)
                    inside++;
                while (below > inside && r >= axis.Taps[below - 1].Last)
                    below--;
                nint row = (inside == below ? 0 : axis.Starts[inside]) + ((nint)r * axis.Dilation) - sourceFirst;
                for (int s = 0; s < table.Shape.S; s++, to += ld)
                {
                    T* end = to + ((nint)(last - first) * width);
                    WindowTile<TVec, T>.CopyRows(zeros, 0, to, inside - first, width, end);
                    WindowTile<TVec, T>.CopyRows(rows + (row * split.Pitch) + split.Offset(s), (nint)axis.Stride * split.Pitch,
                        to + ((nint)(inside - first) * width), below - inside, width, end);
                    WindowTile<TVec, T>.CopyRows(zeros, 0, to + ((nint)(below - first) * width), last - below, width, end);
                }
            }
        }
    }
}
