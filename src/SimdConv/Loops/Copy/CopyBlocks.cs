namespace SimdConv.Loops;

/// <summary>How the planes of a copy are cut into blocks.</summary>
internal readonly struct CopyBlocks
{
    /// <summary>Elements of a block that is transposed, and of one that isn't; the least elements of a row.</summary>
    private const int TransposedElements = 1 << 13, CopiedElements = 1 << 15, RowElements = 128, LineBytes = 64;

    /// <summary>
    /// Rows of this many elements fill cache lines well enough to be read, or written, without those of the next dimension.
    /// </summary>
    private const int LongRow = 64;

    /// <summary>Fewer rows than this are not worth a transpose in registers.</summary>
    private const int LeastTransposed = 8;

    /// <summary>The way of a block.</summary>
    public CopyWay Way { get; private init; }

    /// <summary>Elements of a block along the inner dimension and the next.</summary>
    public nint Inner { get; private init; }

    /// <inheritdoc cref="Inner"/>
    public nint Next { get; private init; }

    /// <summary>Blocks of a plane along the inner dimension and the next.</summary>
    public nint Inners { get; private init; }

    /// <inheritdoc cref="Inners"/>
    public nint Nexts { get; private init; }

    /// <summary>How many elements the first block of a row is shorter, so that the others begin at cache lines.</summary>
    public nint Lead { get; private init; }

    /// <summary>Whether the outer dimension is joined to the inner or the next one.</summary>
    public bool IsJoined => Way is CopyWay.JoinedSource or CopyWay.JoinedTarget;

    /// <summary>Blocks of a plane.</summary>
    public long Count => (long)Inners * Nexts;

    /// <summary>Elements of a block.</summary>
    public long Elements => (long)Inner * Next;

    public static unsafe CopyBlocks Of<T>(in CopyProblem<T> problem, int lanes)
        where T : unmanaged
    {
        (CopyDimension i, CopyDimension k, CopyDimension outer) = (problem.Inner, problem.Next, problem.Outer);
        bool isTransposed = i.To == 1 && i.From != 1 && k.From == 1 && k.Count > 1;
        CopyWay way = !isTransposed ? CopyWay.Rows
            : k.Count < LongRow && outer.Count > 1 && outer.From == k.Count ? CopyWay.JoinedSource
            : i.Count < LongRow && outer.Count > 1 && outer.To == i.Count ? CopyWay.JoinedTarget
            : Math.Min(i.Count, k.Count) < LeastTransposed ? CopyWay.Rows : CopyWay.Transposed;
        nint inners = way == CopyWay.JoinedTarget ? i.Count * outer.Count : i.Count,
            nexts = way == CopyWay.JoinedSource ? k.Count * outer.Count : k.Count;
        nint elements = way == CopyWay.Rows && !isTransposed ? CopiedElements : TransposedElements;
        nint inner = Math.Min(Whole(inners), way == CopyWay.Rows && !isTransposed ? elements
            : Math.Max(RowElements, elements / Whole(nexts))), next = Math.Max(1, elements / inner);
        next = Math.Min(way == CopyWay.Rows ? next : Whole(next), nexts);
        inner = Math.Min(inner, inners);
        nint line = LineBytes / sizeof(T);
        bool isAligned = way == CopyWay.Transposed && inner < inners && k.To % line == 0
            && (outer.Count == 1 || outer.To % line == 0) && (problem.Outermost.Count == 1 || problem.Outermost.To % line == 0);
        nint lead = isAligned ? (nint)problem.Target % LineBytes / sizeof(T) : 0;
        return new()
        {
            Way = way,
            Inner = inner,
            Next = next,
            Lead = lead,
            Inners = ((inners + lead - 1) / inner) + 1,
            Nexts = ((nexts - 1) / next) + 1,
        };

        nint Whole(nint count) => (nint)Shapes.RoundUp(count, lanes);
    }
}
