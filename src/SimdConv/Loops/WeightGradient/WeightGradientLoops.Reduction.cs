using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Several chunks: adds their sums; and writes sums to dW and db.</content>
internal sealed unsafe partial class WeightGradientLoops<TVec, THalf, T, TVectors>
{
    private static void ReducePart(in Job job, ref WorkQueue queue)
    {
        while (queue.Next(out long index))
        {
            GradientItem item = job.Items.At(index);
            Sums sums = PartialSums(in job, item);
            nint next = (nint)job.Schedule.PartialSize;
            if (item.OwnsWeights)
                ChunkSums<TVec, T>.Add(sums.Weights, next, job.Chunks, item.Taps * sums.Ld);
            if (item.OwnsBias)
                ChunkSums<TVec, T>.Add(sums.Bias, next, job.Chunks, sums.Ld);
            Finish(in job, item, sums);
        }
    }

    /// <summary>The sums to dW, in runs along its rows, and to db.</summary>
    private static void Finish(in Job job, in GradientItem item, in Sums sums)
    {
        if (item.OwnsWeights)
        {
            T* dw = job.Problem.DW + item.Weight;
            nint filter = job.Schedule.Shape.Taps;
            for (int k = 0; k < item.Outputs; k += TVec.Count)
                TransposePacking<TVec, T>.Transpose(sums.Weights + k, sums.Ld, item.Taps, Math.Min(TVec.Count, item.Outputs - k),
                    dw + (k * filter), filter, item.Taps);
        }

        if (item.OwnsBias)
            new Span<T>(sums.Bias, item.Outputs).CopyTo(new(job.Problem.DB + item.Output, item.Outputs));
    }
}
