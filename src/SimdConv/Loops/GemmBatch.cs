using System.Numerics;
using SimdConv.Core;

namespace SimdConv.Loops;

/// <summary>Products of one shape, their operands constant distances apart.</summary>
internal unsafe struct GemmBatch<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public GemmProblem<T> First;
    public nint StrideA, StrideB, StrideC;
    public int Count;
    public SimdTier Tier;
    private int parts;

    /// <summary>Whole products to threads where there are enough of them to end together, else all threads to one product after the other.</summary>
    public static void Run(GemmBatch<T>* batch, in Execution execution)
    {
        const int Enough = 8;
        long work = (long)batch->First.M * batch->First.N * Math.Max(1, batch->First.K), limit = Kernels.BlockSizes.SerialLimit;
        int threads = execution.Threads;
        bool isEven = batch->Count % threads == 0 || batch->Count >= (long)Enough * threads;
        bool isShared = threads <= batch->Count && work * batch->Count > limit && (isEven || work <= limit);
        batch->parts = isShared ? threads : 1;
        if (isShared)
            execution.Run(batch->parts, &RunPart, batch);
        else
            RunRange(batch, 0, batch->Count, execution);
    }

    private static void RunPart(void* state, int part)
    {
        GemmBatch<T>* batch = (GemmBatch<T>*)state;
        if (CallTrace.IsOn)
        {
            CallTrace.Work();
            CallTrace.Reach("parts of a batch", part);
        }

        RunRange(batch, (int)((long)batch->Count * part / batch->parts), (int)((long)batch->Count * (part + 1) / batch->parts), default);
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
            TierLoops<T>.For(batch->Tier).Gemm(&problem, execution);
        }
    }
}
