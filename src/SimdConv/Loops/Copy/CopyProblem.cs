namespace SimdConv.Loops;

/// <summary>
/// A copy between two layouts, in as few dimensions as there are: those that continue one another on both sides are one. Planes
/// of Next x Inner are copied for each Outermost and Outer.
/// </summary>
internal readonly unsafe struct CopyProblem<T>
    where T : unmanaged
{
    public readonly T* Source, Target;

    /// <summary>The dimension of neighbours in the target; where there is none, that of the nearest elements.</summary>
    public readonly CopyDimension Inner;

    /// <summary>The dimension of neighbours in the source if that is another one, else the next in the target.</summary>
    public readonly CopyDimension Next;

    public readonly CopyDimension Outer, Outermost;

    public CopyProblem(
        T* source, ImageLayout from, T* target, ImageLayout to, int batch, int channels, int height, int width)
    {
        Source = source;
        Target = target;
        Span<CopyDimension> some = stackalloc CopyDimension[4];
        int count = 0;
        ReadOnlySpan<CopyDimension> all =
            [new(batch, from.N, to.N), new(channels, from.C, to.C), new(height, from.H, to.H), new(width, from.W, to.W)];
        foreach (CopyDimension each in all)
        {
            if (each.Count != 1)
                some[count++] = each;
        }

        Join(some, ref count);
        Inner = Take(some, ref count, readsNeighbours: false);
        Next = Take(some, ref count, readsNeighbours: Inner.From != 1);
        Outer = Take(some, ref count, readsNeighbours: false);
        Outermost = Take(some, ref count, readsNeighbours: false);
    }

    /// <summary>Makes one of each two dimensions that continue one another.</summary>
    private static void Join(Span<CopyDimension> some, ref int count)
    {
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                (CopyDimension outer, CopyDimension inner) = (some[i], some[j]);
                if (i == j || !outer.Continues(inner))
                    continue;
                some[j] = inner with { Count = outer.Count * inner.Count };
                some[i] = some[--count];

                // Whatever has been joined may continue another one.
                (i, j) = (-1, count);
            }
        }
    }

    /// <summary>
    /// Takes out the dimension whose elements are nearest in the target, or one of neighbours in the source where there is one
    /// and it is asked for. Without dimensions it is one of a single element.
    /// </summary>
    private static CopyDimension Take(Span<CopyDimension> some, ref int count, bool readsNeighbours)
    {
        if (count == 0)
            return new(1, 1, 1);
        int best = 0;
        for (int i = 1; i < count; i++)
        {
            if (some[i].To < some[best].To)
                best = i;
        }

        for (int i = 0; i < count && readsNeighbours; i++)
        {
            if (some[i].From == 1)
                best = i;
        }

        CopyDimension taken = some[best];
        some[best] = some[--count];
        return taken;
    }
}
