using SimdConv.Packing;

namespace SimdConv.Loops;

/// <summary>Copies blocks of a <see cref="CopyProblem{T}"/>.</summary>
internal readonly unsafe ref struct CopyTile<TVec, T>
    where TVec : unmanaged, ILanes<TVec, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows from which on copying them as memory is faster than register by register.</summary>
    private const int LeastBytesOfCopy = 512;

    private readonly ref readonly CopyProblem<T> problem;
    private readonly ref readonly CopyBlocks blocks;

    /// <summary>Rows of a block, and elements from one to the next.</summary>
    private readonly T* rows;
    private readonly nint pitch;

    public CopyTile(in CopyProblem<T> problem, in CopyBlocks blocks, T* rows)
    {
        this.problem = ref problem;
        this.blocks = ref blocks;
        this.rows = rows;
        pitch = Scratch.PitchOf(in blocks);
    }

    /// <summary>The scratch memory of a thread.</summary>
    public readonly struct Scratch
    {
        public readonly ScratchPlan Plan;
        public readonly Piece<T> Rows;

        public Scratch(in CopyBlocks blocks) =>
            Plan = ScratchPlan.Of(
                !blocks.IsJoined ? 0 : PitchOf(in blocks) * (blocks.Way == CopyWay.JoinedSource ? blocks.Next : blocks.Inner),
                out Rows);

        /// <summary>Whole registers, and one more: rows a power of two apart would meet in one set of the cache.</summary>
        public static nint PitchOf(in CopyBlocks blocks)
        {
            nint row = blocks.Way == CopyWay.JoinedSource ? blocks.Inner : blocks.Next;
            return (((row - 1) / TVec.Count) + 2) * TVec.Count;
        }
    }

    /// <summary>One block.</summary>
    public void Copy(nint item)
    {
        (nint rest, nint blockOfNext) = Math.DivRem(item, blocks.Nexts);
        (rest, nint blockOfInner) = Math.DivRem(rest, blocks.Inners);
        (nint outermost, nint outer) = blocks.IsJoined ? (rest, 0) : Math.DivRem(rest, problem.Outer.Count);
        T* source = problem.Source + (outer * problem.Outer.From) + (outermost * problem.Outermost.From),
            target = problem.Target + (outer * problem.Outer.To) + (outermost * problem.Outermost.To);
        nint inners = problem.Inner.Count * (blocks.Way == CopyWay.JoinedTarget ? problem.Outer.Count : 1),
            nexts = problem.Next.Count * (blocks.Way == CopyWay.JoinedSource ? problem.Outer.Count : 1);
        nint i = Math.Max(0, (blockOfInner * blocks.Inner) - blocks.Lead), k = blockOfNext * blocks.Next;
        int count = (int)(Math.Min(inners, ((blockOfInner + 1) * blocks.Inner) - blocks.Lead) - i),
            lines = (int)Math.Min(blocks.Next, nexts - k);
        switch (blocks.Way)
        {
            case CopyWay.JoinedSource:
                CopyJoinedSource(source + (i * problem.Inner.From) + k, count, k, lines, target + i);
                break;
            case CopyWay.JoinedTarget:
                CopyJoinedTarget(source + k, i, count, lines, target + i + (k * problem.Next.To));
                break;
            default:
                source += (i * problem.Inner.From) + (k * problem.Next.From);
                target += (i * problem.Inner.To) + (k * problem.Next.To);
                if (blocks.Way == CopyWay.Transposed)
                    Transpose(source, problem.Inner.From, count, lines, target, problem.Next.To);
                else
                    CopyRows(source, count, lines, target);
                break;
        }
    }

    /// <summary>Lines of the source hold elements of both dimensions; each of these is a row of the target.</summary>
    private void CopyJoinedSource(T* source, int count, nint first, int lines, T* target)
    {
        Transpose(source, problem.Inner.From, count, lines, rows, pitch);
        (nint outer, nint next) = Math.DivRem(first, problem.Next.Count);
        for (int line = 0; line < lines; line++)
        {
            RowCopy<TVec, T>.Gather(
                rows + (line * pitch), 1, target + (outer * problem.Outer.To) + (next * problem.Next.To), count);
            if (++next == problem.Next.Count)
                (outer, next) = (outer + 1, 0);
        }
    }

    /// <summary>Rows of the target hold elements of both dimensions; each of these is a line of the source.</summary>
    private void CopyJoinedTarget(T* source, nint first, int count, int lines, T* target)
    {
        (nint outer, nint inner) = Math.DivRem(first, problem.Inner.Count);
        for (int row = 0; row < count; row++)
        {
            RowCopy<TVec, T>.Gather(
                source + (outer * problem.Outer.From) + (inner * problem.Inner.From), 1, rows + (row * pitch), lines);
            if (++inner == problem.Inner.Count)
                (outer, inner) = (outer + 1, 0);
        }

        Transpose(rows, pitch, count, lines, target, problem.Next.To);
    }

    /// <summary>
    /// A block, by strips that read or write few rows of whichever side has its rows farther apart: lines of many such rows would
    /// meet in one set of the cache.
    /// </summary>
    private static void Transpose(T* source, nint from, int count, int lines, T* target, nint to)
    {
        int strip = to > from ? TVec.Count : lines;
        for (int line = 0; line < lines; line += strip)
        {
            TransposePacking<TVec, T>.Transpose(
                source + line, from, count, Math.Min(strip, lines - line), target + (line * to), to, padded: count);
        }
    }

    private void CopyRows(T* source, int count, int lines, T* target)
    {
        (nint from, nint to) = (problem.Inner.From, problem.Inner.To);
        if (count < lines && problem.Next.From == 1)
        {
            // Few channels of many pixels: short rows would cost more than the elements.
            for (int i = 0; i < count; i++)
                CopyEach(source + (i * from), problem.Next.From, lines, target + (i * to), problem.Next.To);
            return;
        }

        for (int line = 0; line < lines; line++, source += problem.Next.From, target += problem.Next.To)
        {
            if (from == 1 && to == 1 && count >= LeastBytesOfCopy / sizeof(T))
                new ReadOnlySpan<T>(source, count).CopyTo(new(target, count));
            else if (from == 1 && to == 1)
                RowCopy<TVec, T>.Gather(source, 1, target, count);
            else
                CopyEach(source, from, count, target, to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyEach(T* source, nint from, int count, T* target, nint to)
    {
        int i = 0;
        for (; i + 4 <= count; i += 4, source += 4 * from, target += 4 * to)
        {
            T x0 = source[0], x1 = source[from], x2 = source[2 * from], x3 = source[3 * from];
            target[0] = x0;
            target[to] = x1;
            target[2 * to] = x2;
            target[3 * to] = x3;
        }

        for (; i < count; i++, source += from, target += to)
            *target = *source;
    }
}
