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
/// im2col and col2im by planes. im2col pads and splits some rows of the image, of which each tap is then a copy of whole rows;
/// col2im collects each row of the image from the rows of the columns that it meets, taps ascending, and writes it once. Planes are
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
        IndexTable table = job->Table;
        Conv2DShape shape = table.Shape;
        ref readonly ColumnProblem<T> problem = ref job->Problem;
        SplitRows<TVec, T> split = new(table.Horizontal, table.Strips.SourceRows, contiguous: true);
        long rowsSize = problem.Fold ? ((long)shape.R * shape.S * split.GivenPitch) + (2 * TVec.Count) : split.Length;
        long lineSize = Math.Max(split.LineLength, shape.Q + TVec.Count);
        using Workspace workspace = new(Workspace.SizeOf<T>(rowsSize) + Workspace.SizeOf<T>(lineSize));
        T* rows = workspace.Take<T>(rowsSize), line = workspace.Take<T>(lineSize);
        for (long plane; (plane = Interlocked.Increment(ref job->Next) - 1) < job->Planes;)
        {
            nint image = (nint)(plane / shape.C), channel = (nint)(plane % shape.C);
            T* x = problem.X + (image * problem.Image.N) + (channel * problem.Image.C);
            T* columns = problem.Columns + (image * problem.Layout.ImageStride) + (channel * shape.R * shape.S * problem.Layout.Ld);
            if (problem.Fold)
                Fold(table, split, columns, problem.Layout.Ld, x, rows, line);
            else
                Unfold(table, split, x, columns, problem.Layout.Ld, rows, line);
        }
    }

    private static void Unfold(IndexTable table, in SplitRows<TVec, T> split, T* x, T* columns, nint ld, T* rows, T* zeros)
    {
        WindowAxis axis = table.Vertical;
        int width = table.Horizontal.Windows;
        new Span<T>(zeros, width + TVec.Count).Clear();
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

    private static void Fold(IndexTable table, in SplitRows<TVec, T> split, T* columns, nint ld, T* x, T* rows, T* line)
    {
        WindowAxis axis = table.Vertical;
        int width = table.Horizontal.Windows, s = table.Shape.S;
        WindowGifts<T> gifts = new() { Given = rows, NextRow = (nint)s * split.GivenPitch, NextColumn = split.GivenPitch };
        for (int h = 0; h < table.Shape.H; h++)
        {
            (int window, int tap, gifts.Rows) = axis.Meets[h];
            for (int r = 0; r < gifts.Rows; r++)
            {
                T* from = columns + ((tap + ((nint)r * axis.TapStep)) * s * ld) + ((window - ((nint)r * axis.WindowStep)) * width);
                split.Give(from, ld, s, T.One, null, rows + (r * gifts.NextRow));
            }

            split.Collect(gifts, line, x + ((nint)h * table.Shape.W), 0, 1);
        }
    }
}
