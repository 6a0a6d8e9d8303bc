namespace SimdConv.Loops;

/// <summary>
/// im2col (<see cref="ColumnCopies{TVec, T}"/>) and col2im (<see cref="ColumnSums{TVec, T}"/>) by planes, which are independent:
/// threads share them without atomics.
/// </summary>
internal sealed unsafe class ColumnLoops<TVec, T>(IndexTable table) : ColumnPass<T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of the columns that a thread takes at a time, at least.</summary>
    private const int Grain = 1 << 14;

    public override void Run(in ColumnProblem<T> problem, Execution execution)
    {
        Job job = new() { Table = table, Problem = ref problem };
        long grain = (Grain / ((long)table.Shape.R * table.Shape.S * table.Columns)) + 1;
        WorkQueue.Run(ref job, (long)problem.Batch * table.Shape.C, execution.Threads, execution, grain);
    }

    public override string ToString() => "rows";

    private ref struct Job : ISharedWork
    {
        public IndexTable Table;
        public ref readonly ColumnProblem<T> Problem;

        public readonly void Run(ref WorkQueue queue)
        {
            if (Problem.Fold)
                Sum(ref queue);
            else
                Copy(ref queue);
        }

        private readonly void Sum(ref WorkQueue queue)
        {
            ColumnSums<TVec, T>.Scratch scratch = new(Table);
            using Workspace workspace = new(scratch.Plan);
            ColumnSums<TVec, T> sums = new(Table, Problem.Layout.Ld, scratch, workspace);
            while (queue.Next(out long plane, out long last))
            {
                for (; plane < last; plane++)
                    sums.Run(ColumnsAt(plane), PlaneAt(plane));
            }
        }

        private readonly void Copy(ref WorkQueue queue)
        {
            ColumnCopies<TVec, T>.Scratch scratch = new(Table);
            using Workspace workspace = new(scratch.Plan);
            ColumnCopies<TVec, T> copies = new(Table, Problem.Layout.Ld, scratch, workspace);
            while (queue.Next(out long plane, out long last))
            {
                for (; plane < last; plane++)
                    copies.Run(PlaneAt(plane), ColumnsAt(plane));
            }
        }

        private readonly T* PlaneAt(long plane)
        {
            (long image, long channel) = Math.DivRem(plane, Table.Shape.C);
            return Problem.X + ((nint)image * Problem.Image.N) + ((nint)channel * Problem.Image.C);
        }

        private readonly T* ColumnsAt(long plane)
        {
            (long image, long channel) = Math.DivRem(plane, Table.Shape.C);
            return Problem.Columns + ((nint)image * Problem.Layout.ImageStride)
                + ((nint)channel * Table.Shape.R * Table.Shape.S * Problem.Layout.Ld);
        }
    }
}
