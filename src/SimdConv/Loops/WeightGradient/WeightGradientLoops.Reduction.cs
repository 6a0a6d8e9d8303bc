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

    /// <summary>Writes the sums to dW and db.</summary>
    private static void Finish(in Job job, in GradientItem item, in Sums sums)
    {
        if (item.OwnsWeights)
            TransposePacking<TVec, T>.ToFilters(
                sums.Weights, sums.Ld, item.Taps, item.Outputs, job.Problem.DW + item.Weight, job.Schedule.Shape.Taps);
        if (item.OwnsBias)
            new Span<T>(sums.Bias, item.Outputs).CopyTo(new(job.Problem.DB + item.Output, item.Outputs));
    }
}
