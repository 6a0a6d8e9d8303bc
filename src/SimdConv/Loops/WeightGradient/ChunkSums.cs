using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>Adds the sums of several chunks of a weight gradient.</summary>
internal static unsafe class ChunkSums<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Adds the sums of all chunks as a balanced tree, (0 + 1) + (2 + 3) and so on, into those of chunk 0.</summary>
    /// <param name="sums">The sums of chunk 0.</param>
    /// <param name="next">Elements from the sums of a chunk to those of the next one.</param>
    /// <param name="chunks">A power of two.</param>
    /// <param name="count">How many sums each chunk has.</param>
    public static void Add(T* sums, nint next, int chunks, int count)
    {
        for (int step = 1; step < chunks; step *= 2)
        {
            for (int chunk = 0; chunk < chunks; chunk += 2 * step)
            {
                T* to = sums + (chunk * next);
                RowCopy<TVec, T>.Add(to + (step * next), to, count);
            }
        }
    }

    /// <summary>Elements of the sums of a chunk that are laid out as dW, with db behind it.</summary>
    public static nint Size(Conv2DShape shape) => (nint)shape.WeightCount + shape.K;

    /// <summary>Adds such sums of all chunks, and copies to dW and db what the call asks for.</summary>
    public static void Finish(in WeightGradientProblem<T> problem, Conv2DShape shape, T* sums, int chunks)
    {
        T* bias = sums + shape.WeightCount;
        if (problem.DW != null)
        {
            Add(sums, Size(shape), chunks, shape.WeightCount);
            new Span<T>(sums, shape.WeightCount).CopyTo(new(problem.DW, shape.WeightCount));
        }

        if (problem.DB != null)
        {
            Add(bias, Size(shape), chunks, shape.K);
            new Span<T>(bias, shape.K).CopyTo(new(problem.DB, shape.K));
        }
    }
}
