using System.Numerics;
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
/// im2col and col2im by planes: for each tap, each output row is a clipped row of the image, copied or added whole. Planes are
/// independent, so threads share them without atomics.
/// </summary>
#pragma warning disable CS8500 // Job holds references and lives on the caller's stack, which outlasts every part.
internal static unsafe class ColumnLoops<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static void Run(IndexTable table, in ColumnProblem<T> problem, Execution execution)
    {
        Job job = new() { Table = table, Problem = problem, Planes = (long)problem.Batch * table.Shape.C };
        execution.Run((int)Math.Min(execution.Threads, job.Planes), &RunPart, &job);
    }

    private struct Job
    {
        public IndexTable Table;
        public ColumnProblem<T> Problem;
        public long Planes, Next;
    }

    private static void RunPart(void* state, int part)
    {
        Job* job = (Job*)state;
        Conv2DShape shape = job->Table.Shape;
        ref readonly ColumnProblem<T> problem = ref job->Problem;
        for (long plane; (plane = Interlocked.Increment(ref job->Next) - 1) < job->Planes;)
        {
            nint image = (nint)(plane / shape.C), channel = (nint)(plane % shape.C);
            T* x = problem.X + (image * problem.Image.N) + (channel * problem.Image.C);
            T* columns = problem.Columns + (image * problem.Layout.ImageStride) + (channel * shape.R * shape.S * problem.Layout.Ld);
            if (problem.Fold)
                new Span<T>(x, shape.H * shape.W).Clear();
            for (int r = 0; r < shape.R; r++)
            {
                for (int s = 0; s < shape.S; s++, columns += problem.Layout.Ld)
                {
                    if (problem.Fold)
                        AddTap(job->Table, r, s, columns, x);
                    else
                        CopyTap(job->Table, r, s, x, columns);
                }
            }
        }
    }

    private static void CopyTap(IndexTable table, int r, int s, T* x, T* columns)
    {
        Conv2DShape shape = table.Shape;
        (int top, int firstRow, int lastRow) = table.RowRanges[r];
        (int left, int first, int last) = table.ColumnRanges[s];
        int width = shape.Q, height = shape.P;
        new Span<T>(columns, firstRow * width).Clear();
        for (int p = firstRow; p < lastRow; p++)
        {
            T* row = columns + ((nint)p * width), from = x + ((top + ((nint)p * shape.StrideH)) * shape.W) + left;
            new Span<T>(row, first).Clear();
            RowCopy<TVec, T>.Gather(from + ((nint)first * shape.StrideW), shape.StrideW, row + first, last - first);
            new Span<T>(row + last, width - last).Clear();
        }

        new Span<T>(columns + ((nint)lastRow * width), (height - lastRow) * width).Clear();
    }

    private static void AddTap(IndexTable table, int r, int s, T* columns, T* x)
    {
        Conv2DShape shape = table.Shape;
        (int top, int firstRow, int lastRow) = table.RowRanges[r];
        (int left, int first, int last) = table.ColumnRanges[s];
        for (int p = firstRow; p < lastRow; p++)
        {
            T* to = x + ((top + ((nint)p * shape.StrideH)) * shape.W) + left;
            RowCopy<TVec, T>.Add(columns + ((nint)p * shape.Q) + first, to + ((nint)first * shape.StrideW), shape.StrideW, last - first, ownsGaps: true);
        }
    }
}
