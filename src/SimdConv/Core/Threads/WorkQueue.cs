namespace SimdConv.Core;

/// <summary>The items of a call as one part of the call sees them: each item goes to the part that asks for it first.</summary>
internal unsafe struct WorkQueue
{
    /// <summary>Below this many multiply-adds a second thread costs more than it gives.</summary>
    public const long SerialLimit = 400_000;

    private readonly Shared* shared;

    /// <summary>Ranges that this part has found empty, the range that it takes items from, and the end of that range.</summary>
    private int emptied, range;
    private long end;

    private WorkQueue(Shared* shared, int part)
    {
        this.shared = shared;
        Part = part;
        Enter(part % shared->Ranges);
    }

    /// <summary>The number of this part, and how many parts there are.</summary>
    public readonly int Part;

    /// <inheritdoc cref="Part"/>
    public readonly int Parts => shared->Parts;

    /// <summary>
    /// Shares items out between at most <paramref name="threads"/> threads, and returns when all of them are done. Nothing is
    /// allocated.
    /// </summary>
    /// <param name="work">What is done with an item.</param>
    /// <param name="items">How many there are.</param>
    /// <param name="threads">The most threads that pay; no more than the execution allows.</param>
    /// <param name="execution">Who runs the parts.</param>
    /// <param name="grain">Neighbouring items that a part takes at a time.</param>
    /// <param name="inRanges">
    /// Whether each part begins with a range of neighbouring items of its own, and takes from the ranges of other parts when that
    /// is empty. So a part that has copied what several items read goes on with these.
    /// </param>
    public static void Run<TWork>(
        ref TWork work, long items, int threads, in Execution execution, long grain = 1, bool inRanges = false)
        where TWork : struct, ISharedWork, allows ref struct
    {
        const int MostRanges = 64;
        int parts = (int)Math.Min(threads, Shapes.DivideUp(items, grain));
        int ranges = inRanges ? Math.Clamp(parts, 1, MostRanges) : 1;
        long* next = stackalloc long[ranges];
        for (int range = 0; range < ranges; range++)
            next[range] = items * range / ranges;
        Shared shared = new()
        {
            Work = Unsafe.AsPointer(ref work),
            Items = items,
            Grain = grain,
            Parts = parts,
            Ranges = ranges,
            Next = next,
        };
        if (parts != 1)
        {
            execution.Run(parts, &RunPart<TWork>, &shared);
            return;
        }

        WorkQueue queue = new(&shared, 0);
        work.Run(ref queue);
    }

    /// <summary>The next item, where a part takes one at a time; false if none is left.</summary>
    public bool Next(out long item) => Next(out item, out _);

    /// <summary>The next items [first, last); false if none is left.</summary>
    public bool Next(out long first, out long last)
    {
        while (true)
        {
            first = Interlocked.Add(ref shared->Next[range], shared->Grain) - shared->Grain;
            if (first < end)
                break;
            last = first;
            if (++emptied >= shared->Ranges)
                return false;
            Enter((range + 1) % shared->Ranges);
        }

        last = Math.Min(first + shared->Grain, end);
        if (CallTrace.IsOn)
            CallTrace.Work();
        return true;
    }

    private void Enter(int next)
    {
        range = next;
        end = shared->Items * (next + 1) / shared->Ranges;
    }

    private static void RunPart<TWork>(void* state, int part)
        where TWork : struct, ISharedWork, allows ref struct
    {
        Shared* shared = (Shared*)state;
        WorkQueue queue = new(shared, part);
        Unsafe.AsRef<TWork>(shared->Work).Run(ref queue);
    }

    /// <summary>
    /// What all parts of a call share, on the caller's stack: written before the call is handed to other threads, which orders
    /// it; the numbers of Next then change by Interlocked alone. No part reads what another one writes.
    /// </summary>
    private struct Shared
    {
        public void* Work;
        public long Items, Grain;
        public int Parts, Ranges;

        /// <summary>The first item of each range that no part has taken.</summary>
        public long* Next;
    }
}
