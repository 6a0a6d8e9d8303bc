using SimdConv.Core;
using SimdConv.Packing;

namespace SimdConv.Loops;

/// <content>Several chunks: adds their sums; and writes sums to dW and db.</content>
internal sealed unsafe partial class WeightGradientLoops<TVec, THalf, T, TVectors>
{
    private static void ReducePart(in Job job, ref WorkQueue queue)
    {
        while (queue.Next(out long index))
        {
            Item item = ItemAt(in job, index);
            if (item.OwnsWeights)
                Tree(in job, item.Sums, (nint)item.Taps * item.Ld);
            if (item.OwnsBias)
                Tree(in job, item.BiasSums, item.Ld);
            Finish(in job, item);
        }
    }

    /// <summary>Adds the chunks' sums as (0 + 1) + (2 + 3) and so on, into chunk 0's.</summary>
    private static void Tree(in Job job, T* sums, nint count)
    {
        nint size = (nint)job.Schedule.PartialSize;
        for (int step = 1; step < job.Chunks; step *= 2)
        {
            for (int chunk = 0; chunk < job.Chunks; chunk += 2 * step)
            {
                T* to = sums + (chunk * size), from = to + (step * size);
                for (nint i = 0; i < count; i += TVec.Count)
                    TVec.Store(to + i, TVec.Add(TVec.Load(to + i), TVec.Load(from + i)));
            }
        }
    }

    /// <summary>The sums to dW, in runs along its rows, and to db.</summary>
    private static void Finish(in Job job, in Item item)
    {
        if (item.OwnsWeights)
        {
            T* dw = Weights(in job, item, out nint filter);
            for (int k = 0; k < item.Outputs; k += TVec.Count)
                TransposePacking<TVec, T>.Transpose(item.Sums + k, item.Ld, item.Taps, Math.Min(TVec.Count, item.Outputs - k),
                    dw + (k * filter), filter, item.Taps);
        }

        if (item.OwnsBias)
            new Span<T>(item.BiasSums, item.Outputs).CopyTo(new(job.Problem.DB + ((nint)item.Group * job.Schedule.Outputs)
                + item.FirstOutput, item.Outputs));
    }
}
