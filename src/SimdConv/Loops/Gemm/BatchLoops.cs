using SimdConv.Kernels;

namespace SimdConv.Loops;

/// <summary>Products of a batch: how they are shared out between threads.</summary>
internal static unsafe class BatchLoops<TVec, THalf, T, TKernel>
    where TVec : unmanaged, ILanes<TVec, T>
    where THalf : unmanaged, ILanes<THalf, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TKernel : struct, IGemmKernel<T>
{
    /// <summary>
    /// Whole products to threads where there are enough of them to end together, else all threads to one product after the other.
    /// </summary>
    public static void Run(GemmBatch<T>* batch, in Execution execution)
    {
        const int Enough = 8;
        long work = (long)batch->First.M * batch->First.N * Math.Max(1, batch->First.K);
        int threads = execution.Threads;
        bool isEven = batch->Count % threads == 0 || batch->Count >= (long)Enough * threads;
        Split split = new() { Batch = batch };
        if (threads <= batch->Count && work * batch->Count > WorkQueue.SerialLimit && (isEven || work <= WorkQueue.SerialLimit))
            WorkQueue.Run(ref split, threads, threads, execution);
        else
            RunRange(batch, 0, batch->Count, execution);
    }

    /// <summary>The products in as many items as threads take part.</summary>
    private ref struct Split : ISharedWork
    {
        public GemmBatch<T>* Batch;

        public readonly void Run(ref WorkQueue queue)
        {
            while (queue.Next(out long part))
            {
                if (CallTrace.IsOn)
                    CallTrace.Reach("parts of a batch", part);
                int parts = queue.Parts;
                RunRange(Batch, (int)(Batch->Count * part / parts), (int)(Batch->Count * (part + 1) / parts), default);
            }
        }
    }

    private static void RunRange(GemmBatch<T>* batch, int from, int to, in Execution execution)
    {
        for (int i = from; i < to; i++)
        {
            GemmProblem<T> problem = batch->First;
            problem.A.Data += i * batch->StrideA;
            problem.B.Data += i * batch->StrideB;
            problem.C += i * batch->StrideC;
            problem.Finish.Residual = problem.Finish.Residual == null ? null : problem.Finish.Residual + (i * batch->StrideC);
            GemmLoops<TVec, THalf, T, TKernel>.Run(&problem, execution);
        }
    }
}
